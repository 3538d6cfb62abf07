"""Cases for debian.py of the long list of programs, in a root of their own (./dev rootfs --programs): interpreters, servers and
their clients, databases, editors, X11, packages. ./dev test load runs them."""
from case import Case

PERL = r"""
use strict; use warnings; use POSIX qw(floor strtol); use Storable qw(freeze thaw); use Time::HiRes qw(usleep ualarm); use Socket; use threads;
use threads::shared; use IPC::SysV qw(IPC_PRIVATE IPC_RMID); use Digest::SHA qw(sha256_hex); use Data::Dumper;
use Math::BigInt; use Encode; use Compress::Zlib; use File::Find; use IO::Select; use List::Util qw(sum);
$| = 1;
print thaw(freeze({a => [1, 2, {b => 3}]}))->{a}[2]{b}, " ", sha256_hex("ferry"), " ", Math::BigInt->new(2)->bpow(200), "\n";
print length(compress("x" x 100000)), " ", length(encode("UTF-16", decode("UTF-8", "gr\xc3\xbc\xc3\x9fe"))), "\n";
my $count :shared = 0;
my @threads = map { threads->create(sub { for (1 .. 500) { lock $count; $count++ } return threads->tid }) } 1 .. 4;
print join(",", map { $_->join } @threads), " $count\n";
socketpair(my $near, my $far, AF_UNIX, SOCK_STREAM, PF_UNSPEC) or die;
my $child = fork; if (!$child) { close $near; sysread $far, my $text, 100; syswrite $far, uc $text; exit 7 }
close $far; syswrite $near, "to a child"; print scalar(IO::Select->new($near)->can_read(60)), ""; sysread $near, my $answer, 100; waitpid $child, 0;
print " $answer ", $? >> 8, "\n";
my $alarms = 0; $SIG{ALRM} = sub { $alarms++ }; ualarm 20000, 20000; usleep 1000 while $alarms < 5; ualarm 0; print "alarms\n";
my $segment = shmget IPC_PRIVATE, 4096, 0600; shmwrite $segment, "shared", 100, 6; shmread $segment, my $read, 100, 6;
shmctl $segment, IPC_RMID, 0; print "$read\n";
my $text = join " ", map { sprintf "%04d", $_ * 7919 % 10007 } 1 .. 2000; my $sum = 0; $sum += $1 while $text =~ /(\d+[13579])\b/g;
print "$sum ", POSIX::strtol("ff", 16), " ", POSIX::floor(-1.5), " ", sprintf("%.17g %g", 0.1, 1e300 * 1e10), "\n";
{ local $Data::Dumper::Sortkeys = 1; local $Data::Dumper::Indent = 1; print Dumper({x => [1, "a"], y => \"z"}); }
eval { die { code => 5 } }; print $@->{code}, " ", `echo out; exit 3`, $? >> 8, "\n";
printf "%s\n", join ",", sort { $a <=> $b } map { $_ ** 2 } grep { $_ & 1 } 1 .. 9; print sum(1 .. 1000), "\n";
"""

LUA = r"""
local t = {} for i = 1, 20000 do t[i] = (i * 7919) % 10007 end table.sort(t) print(t[1], t[10000], t[20000], #t)
local co = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i * 1.5) end return "end" end) print(co(), co(), co(), co())
print(("%q %5.2f %x %a"):format("a\nb", math.pi, 255, 1/3), 7 // -2, 7 % -3, 1 << 62, math.maxinteger + 1 == math.mininteger, 2^53 | 0)
print(pcall(error, {code = 1}), select("#", table.unpack({1, nil, 3}, 1, 3)), string.pack("<i4d", 7, 0.1):byte(1, 12))
print(os.execute("exit 4"), io.popen("echo pipe"):read("a")) print(("hello world"):gsub("o", "0"), ("key=val"):match("(%w+)=(%w+)"))
local s = 0 for i = 1, 100000 do s = s + math.sin(i) * i % 3 end print(string.format("%.10f", s))
print(utf8.char(228, 8364, 0x1F600), utf8.len("äö")) goto done do print("not") end ::done:: print(collectgarbage("count") > 10)
"""

RUBY = r"""
require "socket"; require "digest"; require "json"; require "set"; require "timeout"; require "open3"; require "zlib"; require "bigdecimal"
$stdout.sync = true
puts (1..200).reduce(:*).to_s.length, Digest::SHA256.hexdigest("ferry"), JSON.generate({"a" => [1, 2.5, nil, "ä"]})
q = Queue.new; ts = 4.times.map { |i| Thread.new { 100.times { q << i }; i * i } }; p ts.map(&:value), q.size
m = Mutex.new; n = 0; 8.times.map { Thread.new { 200.times { m.synchronize { n += 1 } } } }.each(&:join); p n
r, w = IO.pipe; pid = fork { r.close; w.write Marshal.dump({x: [1, 2]}); exit! 3 }; w.close; p Marshal.load(r.read)
Process.wait pid; p $?.exitstatus
s = TCPServer.new("127.0.0.1", 0); t = Thread.new { c = s.accept; c.puts c.gets.upcase; c.close }
c = TCPSocket.new("127.0.0.1", s.addr[1]); c.puts "over tcp"; puts c.gets; t.join
begin Timeout.timeout(0.1) { sleep } rescue puts $!.class end
trap("USR1") { puts "usr1" }; Process.kill("USR1", $$); sleep 0.05
o, st = Open3.capture2("tr a-z A-Z", stdin_data: "child"); puts o, st.success?
e = Enumerator.new { |y| a, b = 0, 1; loop { y << a; a, b = b, a + b } }; p e.lazy.select(&:even?).first(8)
f = Fiber.new { |x| Fiber.yield x + 1; :end }; p f.resume(1), f.resume, Zlib.crc32("ferry"), BigDecimal("0.1") + BigDecimal("0.2")
p "héllo wörld".scan(/\p{L}+/), 10.fdiv(3), 2**100, -7 / 2, 1e100.to_i % 97, [3, 1, 2].sort.each_slice(2).to_a, ObjectSpace.count_objects[:TOTAL] > 0
GC.start; p GC.count > 0; begin raise "x" rescue p $!.message end; exit 0
"""

PHP = r"""<?php
$a = range(1, 5000); shuffle($a); sort($a); echo $a[4999], " ", count($a), " ", array_sum($a), "\n";
echo json_encode(["a" => [1, 2.5, null], "b" => "ä"], JSON_UNESCAPED_UNICODE), " ", md5("ferry"), " ", hash("sha256", "ferry"), "\n";
preg_match_all('/(\w)(\d+)/', "a1 b22 c333", $m); echo implode(",", $m[2]), " ", sprintf("%.15g %05d %x", 0.1 + 0.2, 42, 255), "\n";
function gen() { for ($i = 0; $i < 3; $i++) { $x = yield $i => $i * $i; } return 9; } foreach ($g = gen() as $k => $v) echo "$k=$v "; echo $g->getReturn(), "\n";
class P { public function __construct(private int $x) {} public function get(): int { return $this->x; } } echo (new P(7))->get(), "\n";
try { intdiv(1, 0); } catch (DivisionByZeroError $e) { echo get_class($e), "\n"; } echo PHP_INT_SIZE, " ", PHP_INT_MAX + 1, " ", 7 <=> 3, "\n";
$p = proc_open("tr a-z A-Z; exit 3", [["pipe", "r"], ["pipe", "w"]], $pipes); fwrite($pipes[0], "child"); fclose($pipes[0]); echo stream_get_contents($pipes[1]), proc_close($p), "\n";
$s = stream_socket_server("tcp://127.0.0.1:0"); $c = stream_socket_client("tcp://" . stream_socket_get_name($s, false)); fwrite($c, "x\n"); $d = stream_socket_accept($s); echo fgets($d);
$pid = pcntl_fork(); if (!$pid) exit(5); pcntl_waitpid($pid, $st); echo pcntl_wexitstatus($st), "\n"; pcntl_async_signals(true); pcntl_signal(SIGUSR1, function () { echo "usr1\n"; }); posix_kill(posix_getpid(), SIGUSR1);
$t = 0.0; for ($i = 1; $i < 100000; $i++) $t += sqrt($i) / ($i % 7 + 1); printf("%.8f\n", $t); echo strlen(serialize($a)), " ", crc32("ferry"), " ", date("Y", 0), "\n";
"""

GUILE = r"""
(use-modules (ice-9 threads) (ice-9 popen) (ice-9 rdelim) (srfi srfi-1))
(define (fact n) (if (= n 0) 1 (* n (fact (- n 1))))) (display (fact 60)) (newline)
(display (par-map (lambda (x) (* x x)) '(1 2 3 4 5))) (newline)
(define m (make-mutex)) (define n 0)
(for-each join-thread (map (lambda (i) (call-with-new-thread (lambda () (let loop ((k 0)) (when (< k 200) (with-mutex m (set! n (+ n 1))) (loop (+ k 1))))))) (iota 4)))
(display n) (newline)
(let* ((p (open-input-pipe "echo from a child; exit 3")) (l (read-line p))) (display l) (display (status:exit-val (close-pipe p))) (newline))
(let ((pid (primitive-fork))) (if (= pid 0) (primitive-_exit 4) (begin (display (status:exit-val (cdr (waitpid pid)))) (newline))))
(display (call/cc (lambda (k) (for-each (lambda (x) (if (negative? x) (k x))) '(1 -2 3)) 'none))) (newline)
(display (exact->inexact 1/3)) (newline) (display (string-upcase "guile")) (newline) (display (fold + 0 (iota 1000))) (newline)
"""

OCAML = r"""
module M = Map.Make (String)
exception Found of int
let rec fib n = if n < 2 then n else fib (n - 1) + fib (n - 2)
let () =
  let m = List.fold_left (fun m (k, v) -> M.add k v m) M.empty [ ("a", 1); ("b", 2); ("c", 3) ] in
  M.iter (Printf.printf "%s=%d ") m; print_newline ();
  Printf.printf "%d %d %s\n" (fib 22) max_int (Int64.to_string (Int64.mul 123456789012L 1000L));
  (try List.iter (fun x -> if x > 2 then raise (Found x)) [ 1; 2; 3 ] with Found x -> Printf.printf "found %d\n" x);
  let t = Array.init 10000 (fun i -> i * 7919 mod 10007) in
  Array.sort compare t; Printf.printf "%d %d\n" t.(0) t.(9999);
  Printf.printf "%.12f %h\n" (Array.fold_left (fun s x -> s +. sqrt (float x)) 0. t) 0.1;
  let r, w = Unix.pipe () in
  match Unix.fork () with
  | 0 -> ignore (Unix.write_substring w "child" 0 5); Unix._exit 3
  | pid ->
    let b = Bytes.create 5 in
    ignore (Unix.read r b 0 5);
    (match Unix.waitpid [] pid with _, Unix.WEXITED n -> Printf.printf "%s %d\n" (Bytes.to_string b) n | _ -> ());
    Gc.full_major (); print_endline (Digest.to_hex (Digest.string "ferry"));
    let l = ref 0 in
    Sys.set_signal Sys.sigalrm (Sys.Signal_handle (fun _ -> incr l));
    ignore (Unix.setitimer Unix.ITIMER_REAL { Unix.it_interval = 0.01; it_value = 0.01 });
    while !l < 3 do ignore (Sys.opaque_identity (ref 0)) done;
    print_endline "ticks"
"""


# Prints a port of the loopback that nothing listens to.
FREE_PORT = """python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'"""

# wait_for COMMAND...: until it succeeds.
WAIT_FOR = 'wait_for() { until "$@" >/dev/null 2>&1; do sleep 0.1; done; }\n'

OPENSSL = """
openssl version | cut -d ' ' -f 1
for algorithm in md5 sha1 sha256 sha3-256 blake2b512; do echo ferry | openssl dgst -$algorithm; done
for cipher in aes-128-cbc aes-256-ctr camellia-256-cbc chacha20 des-ede3-cbc; do
  head -c 5000 /dev/zero | openssl enc -$cipher -pbkdf2 -iter 10 -S 0102030405060708 -pass pass:x 2>/dev/null | sha256sum
done
openssl genrsa -out rsa.key 2048 2>/dev/null; openssl genpkey -algorithm ed25519 -out ed.key; openssl ecparam -genkey -name prime256v1 -noout -out ec.key
for key in rsa ec; do
  openssl req -x509 -new -key $key.key -subj /CN=localhost -days 3000 -out $key.crt
  echo text >text; openssl dgst -sha256 -sign $key.key -out text.sig text; openssl x509 -in $key.crt -pubkey -noout >$key.pub
  openssl dgst -sha256 -verify $key.pub -signature text.sig text; openssl verify -CAfile $key.crt $key.crt
done
openssl pkeyutl -sign -rawin -inkey ed.key -in text -out ed.sig && openssl pkey -in ed.key -pubout -out ed.pub && openssl pkeyutl -verify -rawin -pubin -inkey ed.pub -in text -sigfile ed.sig
openssl prime 1000003; openssl rand 20 | wc -c; openssl s_server -accept 127.0.0.1:0 -cert rsa.crt -key rsa.key -www -naccept 2 >log 2>&1 &
wait_for grep -q ^ACCEPT log
port=$(sed -n 's/^ACCEPT .*://p' log)
echo Q | openssl s_client -connect 127.0.0.1:$port -CAfile rsa.crt 2>&1 </dev/null | grep -E 'Verification|^New, TLS'
curl -s --cacert rsa.crt --resolve localhost:$port:127.0.0.1 https://localhost:$port/ | grep -c 'Ciphers supported'
wait
"""

# A server and its clients as root, with a key for the user and one for the host. SSH_SERVER ends with the server listening.
SSH_SERVER = """
ssh-keygen -q -t ed25519 -N '' -f host_key; ssh-keygen -q -t ed25519 -N '' -f user_key; cp user_key.pub authorized
port=$(""" + FREE_PORT + """)
cat >sshd_config <<END
ListenAddress 127.0.0.1:$port
HostKey $PWD/host_key
AuthorizedKeysFile $PWD/authorized
PidFile $PWD/pid
StrictModes no
PermitRootLogin yes
PasswordAuthentication no
AcceptEnv LANG FERRY_*
SetEnv PATH=/usr/bin:/bin HOME=$PWD
Subsystem sftp /usr/lib/openssh/sftp-server
END
echo "[127.0.0.1]:$port $(cut -d ' ' -f 1,2 host_key.pub)" >known
cat >ssh_config <<END
Host there
HostName 127.0.0.1
Port $port
User root
IdentityFile $PWD/user_key
UserKnownHostsFile $PWD/known
LogLevel ERROR
END
/usr/sbin/sshd -f $PWD/sshd_config -E $PWD/log
wait_for test -s pid
"""
SSH_END = 'kill $(cat pid); while [ -e pid ]; do sleep 0.1; done; grep -c "Accepted publickey for root" log\n'

SSH = SSH_SERVER + """
ssh -F ssh_config there 'echo over ssh; id -un; exit 5'; echo $?
seq 20000 | ssh -F ssh_config -C there 'sort -n | tail -n 1; echo to errors >&2'
ssh -F ssh_config -tt there 'tty | cut -c 1-9; stty size' </dev/null | tr -d '\\r'
head -c 300000 /dev/zero >zeroes; scp -q -F ssh_config zeroes there:$PWD/copy && cmp zeroes copy && echo copied
printf 'ls -1 zeroes\\nget zeroes again\\n' | (sftp -q -b - -F ssh_config there:$PWD | grep -v '^sftp>') ; cmp zeroes again && echo got
ssh -F ssh_config -M -S $PWD/control -N -f there; ssh -S $PWD/control -F ssh_config there 'echo by the master'; ssh -q -S $PWD/control -O exit there
eval $(ssh-agent -s) >/dev/null; ssh-add -q user_key; ssh-add -l | wc -l; ssh -F ssh_config -o IdentityFile=none -A there 'ssh-add -l | cut -d " " -f 1'; ssh-agent -k >/dev/null
""" + SSH_END

GIT_OVER_SSH = SSH_SERVER + """
export GIT_SSH_COMMAND="ssh -F $PWD/ssh_config"
git init -q -b main one; cd one; for i in $(seq 30); do echo "line $i" >>file; seq $i >n$i; git add .; git commit -q -m "commit $i"; done; cd ..
git clone -q --bare one bare.git; git clone -q ssh://there$PWD/bare.git two; cd two; git log --format=%H | sha256sum
echo more >>file; git commit -q -a -m more; git push -q origin main; cd ..; git -C bare.git log -1 --format='%H %s'
git -C one pull -q ssh://there$PWD/bare.git main; git -C one rev-parse HEAD; git -C one fsck --full --no-progress
git archive --remote=ssh://there$PWD/bare.git main | tar t | wc -l
""" + SSH_END



def web(config, start):
    return f"""port=$({FREE_PORT}); mkdir site
seq 300 >site/numbers; head -c 2000000 /dev/urandom >site/large; mkdir site/folder; echo in it >site/folder/index.html
{config}
{start}
wait_for curl -sf http://127.0.0.1:$port/numbers
curl -sS --no-progress-meter -Z --parallel-max 50 -o /dev/null -w '%{{http_code}} %{{size_download}}\\n' "http://127.0.0.1:$port/numbers?[1-REQUESTS]" |
  sort | uniq -c
curl -s http://127.0.0.1:$port/large | cmp - site/large && curl -s -r 1000-1999 http://127.0.0.1:$port/large | wc -c
curl -s -o missing -w '%{{http_code}}\\n' http://127.0.0.1:$port/missing; curl -sI http://127.0.0.1:$port/numbers | grep -c -i -E '^(content-length: 1092|accept-ranges)'
wget -q -O - http://127.0.0.1:$port/folder/; wget -q -r -nH -P copy http://127.0.0.1:$port/numbers http://127.0.0.1:$port/large; cmp copy/large site/large && ls copy
curl -s --http1.0 -d posted -o /dev/null -w '%{{http_code}}\\n' http://127.0.0.1:$port/numbers; curl -s --compressed http://127.0.0.1:$port/numbers | sha256sum
"""


NGINX = web("""cat >conf <<END
user root;
worker_processes 2;
pid $PWD/pid;
error_log $PWD/log;
events { worker_connections 256; }
http { access_log $PWD/access; gzip on; gzip_types *; client_body_temp_path $PWD/t1; proxy_temp_path $PWD/t2; fastcgi_temp_path $PWD/t3;
  uwsgi_temp_path $PWD/t4; scgi_temp_path $PWD/t5; default_type text/plain; server { listen 127.0.0.1:$port; root $PWD/site; sendfile on; } }
END""", "nginx -e $PWD/log -c $PWD/conf") + """
nginx -e $PWD/log -c $PWD/conf -s reload; curl -s http://127.0.0.1:$port/numbers | tail -n 1; nginx -e $PWD/log -c $PWD/conf -s quit
while [ -e pid ]; do sleep 0.1; done; grep -c 'GET /numbers?' access; cat log | grep -v -e notice | wc -l
"""

LIGHTTPD = web("""cat >conf <<END
server.document-root = "$PWD/site"
server.port = $port
server.bind = "127.0.0.1"
server.pid-file = "$PWD/pid"
server.errorlog = "$PWD/log"
server.modules = ("mod_accesslog", "mod_cgi")
server.max-worker = 2
index-file.names = ("index.html")
accesslog.filename = "$PWD/access"
cgi.assign = (".sh" => "/bin/sh")
END
printf '#!/bin/sh\\necho; echo "cgi $QUERY_STRING"; cat\\n' >site/t.sh""", "lighttpd -f conf") + """
curl -s -d body "http://127.0.0.1:$port/t.sh?a=b"; echo; kill $(cat pid); while [ -e pid ]; do sleep 0.1; done; grep -c 'GET /numbers?' access
"""

POSTGRESQL = """
export PATH=/usr/lib/postgresql/15/bin:$PATH; mkdir data; chown postgres data; chmod 777 .
as() { setpriv --reuid postgres --regid postgres --clear-groups "$@"; }
as initdb -D $PWD/data -A trust -U postgres --no-sync -E UTF8 --locale=C >log; echo "initdb $?"
cat >>data/postgresql.conf <<END
listen_addresses = ''
unix_socket_directories = '$PWD'
END
as pg_ctl -D data -l server.log -w -t 300 start >>log; echo "start $?"
export PGHOST=$PWD PGUSER=postgres
psql -X -q -At <<'END'
create table t (id serial primary key, name text, number numeric, at timestamp); create index on t (name);
insert into t (name, number, at) select 'name ' || i % 97, i * 1.5, timestamp '2001-02-03' + i * interval '1 hour' from generate_series(1, 5000) i;
select count(*), sum(number), max(at), min(name) from t; select name, count(*) from t group by name order by 2 desc, 1 limit 3;
explain (costs off) select * from t where name = 'name 5'; begin; delete from t where id > 100; rollback; select count(*) from t;
create function f(n int) returns int language plpgsql as $$ begin if n < 2 then return n; end if; return f(n - 1) + f(n - 2); end $$; select f(12);
select jsonb_build_object('a', 1, 'b', array[1.5, 2]) @> '{"a": 1}', 'héllo' ~ '^h\\w+o$', sqrt(2)::float8, 2::numeric ^ 100, to_tsvector('english', 'running dogs');
vacuum analyze t; select sum(a.id) from t a join t b on a.id = b.id + 1; select 1 / 0;
END
pgbench -i -s 1 -q postgres 2>/dev/null; pgbench -c 4 -j 2 -t TRANSACTIONS postgres 2>/dev/null | grep -E 'actually|failed'
psql -X -At -c 'select count(*) from pgbench_history; select (select sum(abalance) from pgbench_accounts) = (select sum(delta) from pgbench_history)'
pg_dump -t t postgres | grep -v -e '^--' -e restrict | sha256sum
kill -9 $(head -n 1 data/postmaster.pid); while pg_isready -q; do sleep 0.1; done
until as pg_ctl -D data -l server.log -w -t 300 start >>log 2>&1; do sleep 0.5; done; psql -X -At -c 'select count(*) from pgbench_history' -c 'select count(*) from t'
as pg_ctl -D data -m fast -w stop >>log; echo "stop $?"
"""

MARIADB = """
mkdir data; chown mysql data; chmod 777 .
mariadb-install-db --no-defaults --user=mysql --datadir=$PWD/data --auth-root-authentication-method=normal --skip-test-db >log 2>&1; echo "install $?"
mariadbd --no-defaults --user=mysql --datadir=$PWD/data --socket=$PWD/socket --skip-networking --pid-file=$PWD/pid --log-error=$PWD/errors --innodb-buffer-pool-size=16M 2>/dev/null &
wait_for mariadb-admin --no-defaults -S socket -u root ping
sql() { mariadb --no-defaults -S socket -u root -N "$@"; }
sql <<'END'
create database d; use d; create table t (id int auto_increment primary key, name varchar(50), number decimal(12, 2), key (name)) engine=innodb;
insert into t (name, number) select concat('name ', seq % 97), seq * 1.5 from seq_1_to_5000; select count(*), sum(number), min(name) from t;
start transaction; delete from t; rollback; select count(*) from t; select name, count(*) n from t group by name order by n desc, name limit 3;
create table m (a int, b text) engine=aria; insert into m values (1, 'x'), (2, repeat('y', 1000)); select a, length(b), md5(b) from m;
select json_extract('{"a": [1, 2]}', '$.a[1]'), sqrt(2), pow(2, 70), sha2('ferry', 256), 'héllo' regexp '^h'; with recursive f (n, a, b) as (select 1, 0, 1 union all select n + 1, b, a + b from f where n < 30) select max(a) from f;
END
mariadb-slap --no-defaults -S $PWD/socket -u root --concurrency=8 --number-of-queries=TRANSACTIONS --create-schema=d --query="insert into t (name, number) values ('slap', 1)" >/dev/null; echo "slap $?"
sql -e "select count(*), sum(number) from d.t where name = 'slap'"; mariadb-dump --no-defaults -S socket -u root --skip-comments --skip-dump-date d m | grep -c INSERT
mariadb-admin --no-defaults -S socket -u root shutdown; wait; echo "stopped $?"; mariadb-check --version | cut -d ' ' -f 1
"""

# Waits until nothing has changed for a second, then keeps the pixels.
XVFB = """
Xvfb -displayfd 5 -screen 0 400x300x24 -nolisten tcp -noreset 5>display 2>/dev/null & server=$!
wait_for test -s display; export DISPLAY=:$(cat display)
xdpyinfo | grep -E 'dimensions|depth of root|default number'
snap() { xwininfo -root -tree >$1.tree; import-im6.q16 -silent -window root -depth 8 $1.ppm; }
settled() { snap new; if [ -e old.ppm ] && cmp -s new.ppm old.ppm && cmp -s new.tree old.tree; then return 0; fi; mv new.ppm old.ppm; mv new.tree old.tree; return 1; }
shown() { wait_for xwininfo -name "$1"; rm -f old.ppm; sleep 1; until settled; do sleep 1; done; mv new.ppm $2.ppm; sha256sum <$2.ppm; kill $client; wait $client 2>/dev/null; }
xlogo -geometry 120x100+10+20 -fg red 2>/dev/null & client=$!; shown xlogo xlogo
xeyes -geometry 150x100+100+50 2>/dev/null & client=$!; shown xeyes xeyes
xcalc -geometry 200x250+0+0 2>/dev/null & client=$!; shown Calculator xcalc
xclock -digital -strftime 'no time' -geometry +30+30 2>/dev/null & client=$!; shown xclock xclock
xmessage -geometry +5+5 -timeout 1 -buttons yes:3,no:4 'a message' 2>/dev/null; echo $?
kill $server; wait $server 2>/dev/null; echo $?
"""

# expect TEXT: until the window shows it.
TERMINAL = """
tmux() { command tmux -S $PWD/socket -f /dev/null "$@"; }
start() { tmux new-session -d -x 72 -y 12 -s main "$@"; }
shows() { while tmux has-session && ! tmux capture-pane -p | grep -qF -e "$1"; do sleep 0.1; done; }
keys() { tmux send-keys "$@"; }
show() { tmux capture-pane -p | sed 's/ *$//'; echo ----; }
gone() { while tmux has-session 2>/dev/null; do sleep 0.1; done; }
seq -f 'line %g' 100 >text
"""
EDITORS = TERMINAL + r"""
start 'vim -u NONE -N text'; shows 'line 1'; keys 5jdd ':%s/line/LINE/' Enter G; shows 'LINE 100'; keys o 'typed in vim' Escape; shows 'typed in vim'; show; keys :wq Enter; gone; tail -n 2 text
start 'emacs -nw -Q text'; shows 'LINE 1'; keys C-s 'LINE 7'; shows 'I-search: LINE 7'; keys Enter M-u C-a C-k 'by emacs' M-'>'; shows 'typed in vim'; keys C-x C-s; shows 'Wrote'; keys M-x; shows M-x; keys 'calc-eval' C-g; keys M-:; shows Eval; keys '(* 6 7)' Enter; shows '42 (#o52'; keys C-x C-c; gone; grep -n emacs text
start 'LESS= less text'; shows 'LINE 1'; keys /typed Enter; shows 'typed in vim'; show; keys g; shows 'LINE 1'; keys 20G; shows 'LINE 21'; show; keys q; gone
start 'top -b -n 1 | head -n 1 | cut -c 1-5; exec sh'; shows 'top -'; keys 'exit' Enter; gone
"""
MC = TERMINAL + r"""
mkdir -p folder; echo hello >folder/file; cd folder
start 'mc -u -b -x'; shows 'file'; shows '10Quit'; keys Down; keys F3; shows hello; keys F10; shows '10Quit'; keys F5; shows Copy; keys Escape Escape; sleep 1; keys F7; shows 'Create a new'; keys made Enter; while ! [ -d made ]; do sleep 0.1; done; keys F10; sleep 1; keys Enter; gone; ls
"""

PACKAGES = """
mkdir -p pkg/DEBIAN pkg$PWD/inst admin/info admin/updates admin/triggers; touch admin/status admin/available; echo content >pkg$PWD/inst/file
cat >pkg/DEBIAN/control <<END
Package: ferried
Version: 1.0
Architecture: i386
Maintainer: A <a@example.org>
Description: a package
END
printf '#!/bin/sh\\necho "postinst $*"\\n' >pkg/DEBIAN/postinst; chmod 755 pkg/DEBIAN pkg/DEBIAN/postinst
dpkg-deb --root-owner-group -Zxz -b pkg ferried_1.0.deb; dpkg-deb -c ferried_1.0.deb | grep -c inst/file; dpkg-deb -I ferried_1.0.deb | grep -E 'Package|Version'
dpkg --admindir=$PWD/admin -i ferried_1.0.deb; echo $?; cat inst/file; dpkg --admindir=$PWD/admin -l ferried | tail -n 1; dpkg --admindir=$PWD/admin -V ferried; dpkg --admindir=$PWD/admin -P ferried; ls inst 2>&1
mkdir -p repo apt/lists/partial apt/cache/archives/partial apt/etc/apt.conf.d apt/etc/preferences.d apt/etc/trusted.gpg.d apt/log; cp ferried_1.0.deb repo; cd repo
{ dpkg-deb -f ferried_1.0.deb; echo "Filename: ./ferried_1.0.deb"; echo "Size: $(stat -c %s ferried_1.0.deb)"; echo "SHA256: $(sha256sum <ferried_1.0.deb | cut -d ' ' -f 1)"; echo; } >Packages; gzip -k Packages; cd ..
echo "deb [trusted=yes] file:$PWD/repo ./" >apt/etc/sources.list
apt() { apt-get -o Dir::State=$PWD/apt -o Dir::State::status=$PWD/admin/status -o Dir::Cache=$PWD/apt/cache -o Dir::Etc=$PWD/apt/etc -o Dir::Log=$PWD/apt/log -o APT::Sandbox::User=root -o DPkg::Options::=--admindir=$PWD/admin -o APT::Architecture=i386 -q "$@"; }
apt -o Acquire::Languages=none update | grep -c '^Get.* Packages'; ls apt/lists | grep -c Packages; apt -y install ferried 2>/dev/null | grep -E 'NEW|newly|Unpack|Setting|postinst'; cat inst/file; apt -y remove ferried 2>/dev/null | grep -E 'REMOVED|Removing'; apt check >/dev/null; echo $?
dpkg --compare-versions 1.0~rc1 lt 1.0 && echo older; dpkg --print-architecture
"""

# The crontab of the root is not touched: it may be the machine's.
CRON = """
mkdir -p /var/spool/cron/crontabs /run
cat >/var/spool/cron/crontabs/root <<END
SHELL=/bin/sh
CRON_TEST=yes
MAILTO=""
* * * * * (echo "ran as \\$(id -un), \\$0, \\$HOME, \\$PWD"; env | grep ^CRON; umask) >$PWD/new; mv $PWD/new $PWD/ran
END
chmod 600 /var/spool/cron/crontabs/root
cron -f & server=$!
wait_for test -s ran; cat ran; kill $server; wait $server 2>/dev/null; echo $?; rm /var/spool/cron/crontabs/root
"""

HELLO = """
tar xzf /usr/src/hello_*.orig.tar.gz; cd hello-*; export FORCE_UNSAFE_CONFIGURE=1
./configure -q --disable-nls >configure.out 2>&1; echo "configure $?"; grep -v '^#define _*GL_' config.h | sha256sum
make -s -j2 >make.out 2>&1; echo "make $?"; ./hello; ./hello -g 'from ferry' -t; size hello | tail -n 1 | cut -f 1-4; make -s check 2>&1 | grep -E '^# (PASS|FAIL|ERROR)'
"""


# What is not asked of stress-ng, and why.
NOT_STRESSED = {
    "vm-segv": "looks at its child by ptrace, which ferry does not have yet",
    "vm-rw": "qemu-user refuses clone with CLONE_VM and neither CLONE_VFORK nor CLONE_THREAD; ferry alone passes",
    "bind-mount": "may hang the machine, says stress-ng",
    "mutex": "most runs fail under ferry, and why is not known: a thread with SCHED_FIFO ends before the one that made it goes on",
}
IPC = "mq msg sem sem-sysv shm shm-sysv futex"


def stress(stressors, operations=5):
    """Each stressor, a few operations of it: its name and its status."""
    left_out = "|".join(NOT_STRESSED)
    return f"""
for each in {stressors}; do
  case $each in {left_out}) continue ;; esac
  stress-ng --$each 1 --$each-ops {operations} --vm-bytes 8M --mmap-bytes 8M --timeout 60 --verify --no-rand-seed --temp-path $PWD >out 2>&1
  echo "$each $?"
done
"""


def stress_class(name):
    return stress(f"$(stress-ng --class '{name}?' 2>&1 | sed 's/.*stressors: *//')")


def script(name, text, then):
    return f"cat >{name} <<'END_OF_FILE'\n{text}\nEND_OF_FILE\n{then}"


def sized(text, **sizes):
    for name, size in sizes.items():
        text = text.replace(name, str(size))
    return WAIT_FOR + text


CASES = {
    "perl": Case(script("t.pl", PERL, "perl t.pl"), 1 + 2 + 2),
    "lua": Case(script("t.lua", LUA, "lua5.4 t.lua"), None),
    "ruby": Case(script("t.rb", RUBY, "ruby t.rb"), None),
    "php": Case(script("t.php", PHP, "php8.2 -d extension=posix t.php"), None),
    # Its JIT compiler, which needs SSE2, is off.
    "guile": Case(script("t.scm", GUILE, "GUILE_JIT_THRESHOLD=-1 guile-3.0 --no-auto-compile t.scm"), None),
    "ocaml": Case(script("t.ml", OCAML, "ocamlc unix.cma t.ml -o bytes && ./bytes && ocamlopt unix.cmxa t.ml -o code && ./code"), None),
    "openssl": Case(sized(OPENSSL), None),
    "ssh and sshd": Case(sized(SSH), None),
    "git over ssh": Case(sized(GIT_OVER_SSH), None),
    "nginx": Case(sized(NGINX, REQUESTS=20000), None),
    "lighttpd": Case(sized(LIGHTTPD, REQUESTS=5000), None),
    "PostgreSQL": Case(sized(POSTGRESQL, TRANSACTIONS=1250), None),
    "MariaDB": Case(sized(MARIADB, TRANSACTIONS=1000), None),
    "X11": Case(sized(XVFB), None, ("xlogo.ppm", "xeyes.ppm", "xcalc.ppm", "xclock.ppm")),
    "editors": Case(sized(EDITORS), None),
    "mc": Case(sized(MC), None),
    "apt and dpkg": Case(sized(PACKAGES), None),
    "make -j2 of hello": Case(HELLO, None),
    "cron": Case(sized(CRON), None),
    "stress-ng ipc": Case(stress(IPC), None),
} | {f"stress-ng {name}": Case(stress_class(name), None) for name in ("cpu", "memory", "vm", "pipe", "filesystem", "scheduler", "interrupt")}
