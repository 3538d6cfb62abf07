"""Cases for debian.py that ./dev test load runs, in the root that it fetches: programs with threads and timers, and larger work
than the other cases have."""
from case import Case

# A server that writes its data to a file after each command must have all of it again after kill -9, whatever it was doing.
REDIS = r"""
import os, signal, socket, subprocess, threading, time
OPTIONS = ["--port", "0", "--unixsocket", "socket", "--appendonly", "yes", "--save", "", "--logfile", "log",
           "--enable-debug-command", "yes"]
def connect():
    while True:
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect("socket")
            return connection
        except OSError:
            connection.close()
            time.sleep(0.05)
class Client:
    def __init__(self): self.stream = connect().makefile("rwb")
    def __call__(self, *words):
        self.stream.write(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word.encode()) for word in words))
        self.stream.flush()
        return self.answer()
    def answer(self):
        line = self.stream.readline()
        if not line.endswith(b"\r\n"): raise EOFError
        kind, text = line[:1], line[1:-2].decode()
        if kind == b"$": return self.stream.read(int(text) + 2)[:-2].decode() if text != "-1" else None
        return [self.answer() for _ in range(int(text))] if kind == b"*" else int(text) if kind == b":" else text
    def ready(self):
        while "\nloading:0" not in self("info", "persistence"): time.sleep(0.05)
        return self
def benchmark(*words):
    command = ["redis-benchmark", "-s", "socket", "-n", "100000", "-c", "50", "-q", *words]
    return subprocess.run(command, capture_output=True).returncode

server = subprocess.Popen(["redis-server", *OPTIONS])
client = Client().ready()
print("plain", benchmark("incr", "counter"), client("get", "counter"))
print("pipelined", benchmark("-P", "16", "incr", "counter"), client("get", "counter"))
print("random keys", benchmark("-P", "16", "-r", "500", "-t", "set,lpush,sadd,zadd"), client("llen", "mylist"))
SCRIPT = "for i = 1, 20000 do redis.call('hset', 'hash', i, i * i) end return redis.call('hlen', 'hash')"
print("script", client("eval", SCRIPT, "0"))
client("bgrewriteaof")
while "aof_rewrite_in_progress:0" not in client("info", "persistence") or "scheduled:0" not in client("info", "persistence"):
    time.sleep(0.05)
print("rewritten", "aof_last_bgrewrite_status:ok" in client("info", "persistence"))
digest, size = client("debug", "digest"), client("dbsize")

answered = [0]
def write():
    own = Client()
    try:
        while True: answered[0] = own("incr", "last")
    except (EOFError, OSError): pass
writer = threading.Thread(target=write)
writer.start()
while answered[0] < 1000: time.sleep(0.01)
server.kill()
writer.join()
print("killed", server.wait())
server = subprocess.Popen(["redis-server", *OPTIONS])
client = Client().ready()
print("last", int(client("get", "last")) - answered[0] in (0, 1), client("del", "last"))
print("the same", client("debug", "digest") == digest, client("dbsize") == size)
client.stream.write(b"*1\r\n$8\r\nshutdown\r\n")
client.stream.flush()
print(server.wait())
"""

MEMCACHED = r"""
import socket, subprocess, threading, time
server = subprocess.Popen(["memcached", "-u", "root", "-s", "socket", "-t", "4", "-m", "16"])
def connect():
    while True:
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect("socket")
            return connection.makefile("rwb")
        except OSError:
            connection.close()
            time.sleep(0.05)
def ask(stream, command, lines=1):
    stream.write(command)
    stream.flush()
    return [stream.readline() for _ in range(lines)]
def work(number):
    stream = connect()
    for i in range(500):
        assert ask(stream, b"set key%d_%d 0 0 5\r\nhello\r\n" % (number, i)) == [b"STORED\r\n"]
        ask(stream, b"incr counter 1\r\n")
    assert ask(stream, b"get key%d_499\r\n" % number, 3)[1] == b"hello\r\n"
main = connect()
ask(main, b"set counter 0 0 1\r\n0\r\n")
threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
for each in threads: each.start()
for each in threads: each.join()
print(ask(main, b"get counter\r\n", 3), ask(main, b"flush_all\r\n"), ask(main, b"get counter\r\n"))
server.terminate()
print(server.wait())
"""

ERLANG = """
-module(t).
-export([main/0]).
main() ->
    Self = self(),
    [spawn(fun() -> Self ! {I, lists:sum(lists:seq(1, I * 100))} end) || I <- lists:seq(1, 50)],
    Sums = [receive {I, Sum} -> Sum end || I <- lists:seq(1, 50)],
    io:format("~p~n", [lists:sum(Sums)]),
    {Child, Monitor} = spawn_monitor(fun() -> receive after 30 -> exit(enough) end end),
    io:format("~p~n", [receive {'DOWN', Monitor, process, Child, Reason} -> Reason after 60000 -> late end]),
    Table = ets:new(numbers, [public, {write_concurrency, true}]),
    Count = fun() -> [ets:update_counter(Table, n, 1, {n, 0}) || _ <- lists:seq(1, 5000)] end,
    Writers = [spawn_monitor(Count) || _ <- lists:seq(1, 8)],
    [receive {'DOWN', Each, process, _, _} -> ok end || {_, Each} <- Writers],
    io:format("~p~n", [ets:lookup(Table, n)]),
    io:format("~s", [os:cmd("echo from a child")]),
    {ok, Listener} = gen_tcp:listen(0, [binary, {active, false}, {ip, {127, 0, 0, 1}}]),
    {ok, Port} = inet:port(Listener),
    spawn(fun() -> {ok, S} = gen_tcp:accept(Listener), {ok, Data} = gen_tcp:recv(S, 5), gen_tcp:send(S, [Data, Data]) end),
    {ok, Socket} = gen_tcp:connect({127, 0, 0, 1}, Port, [binary, {active, false}]),
    ok = gen_tcp:send(Socket, "hello"),
    {ok, Answer} = gen_tcp:recv(Socket, 10),
    io:format("~s~n", [Answer]),
    halt(3).
"""

SCENE = """
camera { location <0, 2, -3> look_at <0, 1, 2> }
sphere { <0, 1, 2>, 2 texture { pigment { rgb <1,1,0> } finish { phong 1 reflection 0.3 } } }
plane { y, -1 pigment { checker rgb <1,0,0> rgb <0,0,1> } }
light_source { <2, 4, -3> color rgb 1 }
"""

# Answers the terminal's output by nothing, so that only the timer can end the editor.
VIM = """
set nocompatible
let g:ticks = 0
function Tick(timer)
  let g:ticks += 1
  if g:ticks == 3
    call writefile(["ticks " . g:ticks], "ticks")
    quitall!
  endif
endfunction
call timer_start(20, "Tick", {"repeat": 3})
"""

CASES = {
    "redis": Case(f"cat >t.py <<'END'\n{REDIS}\nEND\npython3 t.py", None),
    "memcached": Case(f"cat >t.py <<'END'\n{MEMCACHED}\nEND\npython3 t.py", 4),
    "tcl and expect": Case(r"""
cat >t.tcl <<'END'
after 50 {puts timer; set done 1}
vwait done
proc tick {} {incr ::i; if {$::i < 5} {after 10 tick} else {set ::end 1}}
set i 0; tick; vwait end; puts $i
set pipe [open |cat r+]; puts $pipe hello; flush $pipe
fileevent $pipe readable {puts [gets $pipe]; set read 1}
vwait read; close $pipe; puts [catch {exec sh -c {echo out; exit 3}} message options]; puts $message
END
tclsh t.tcl
cat >t.exp <<'END'
spawn sh
expect -re {[$#] }
send "stty -echo; echo hello from expect | tr l L\r"
expect "heLLo from expect"
send "exit 4\r"
expect eof
puts [lindex [wait] 3]
set timeout 1
spawn cat
expect nothing {puts wrong} timeout {puts timeout}
close; wait
END
expect t.exp | tr -d '\r' | grep -v '[$#] '
""", None),
    "fish": Case(r"""
cat >t.fish <<'END'
function f; for i in (seq 3); echo "f $i $argv"; end; end
f a b | string upper
set x (echo one; echo two); echo $x[2] (count $x)
begin; echo in a block; end | cat
for i in 1 2 3; sh -c "exit $i"; echo $status; end
sleep 0.1 & wait; echo waited
string match -r "([a-z]+)-(\d+)" abc-123
echo (math 2 ^ 10 + 1)
function on_usr1 --on-signal USR1; echo usr1; end
kill -USR1 $fish_pid
END
fish t.fish; echo $?""", None),
    "vim": Case(f"""cat >t.vim <<'END'\n{VIM}\nEND
python3 -c '
import os, pty
editor = ["vim.basic", "-u", "NONE", "-S", "t.vim"]
print(os.waitstatus_to_exitcode(pty.spawn(editor, lambda terminal: b"x" if os.read(terminal, 4096) else b"")))' >screen
tail -n 1 screen | tail -c 2; cat ticks
cat >u.vim <<'END'
let job = job_start(["sh", "-c", "echo from a job"], {{"out_cb": {{channel, line -> writefile([line], "job")}}}})
while job_status(job) == "run" || !filereadable("job") | sleep 10m | endwhile
call append(0, range(1, 20))
%s/1/one/g
w! text
qall!
END
vim.basic -u NONE -es -S u.vim; cat job text""", None),
    "gpg and its agent": Case("""
export GNUPGHOME=$PWD/keys; mkdir -m 700 keys
gpg() { command gpg --batch --quiet --yes --trust-model always --pinentry-mode loopback --passphrase "$secret" "$@"; }
secret=; gpg --quick-generate-key 'A <a@example.org>' ed25519 sign never 2>/dev/null
fingerprint=$(gpg --list-keys --with-colons | grep '^fpr' | head -n 1 | cut -d : -f 10)
gpg --quick-add-key "$fingerprint" cv25519 encr never
echo 'some text' >text
gpg --detach-sign text && gpg --verify text.sig text 2>&1 | grep -o 'Good signature.*'
gpg --encrypt -r a@example.org text && gpg --decrypt text.gpg
secret=word; gpg --symmetric -o locked text && gpg --decrypt locked
gpg-connect-agent 'keyinfo --list' /bye | wc -l
gpgconf --kill gpg-agent; echo $?
""", None),
    "ImageMagick": Case("""
convert-im6.q16 -size 128x96 gradient:red-blue -swirl 60 -resize 200% -blur 0x2 -depth 8 t.ppm
convert-im6.q16 t.ppm -rotate 30 -edge 2 -quality 85 t.jpg
convert-im6.q16 t.ppm -sharpen 0x1 -colorspace gray -threshold 40% u.pgm
identify-im6.q16 -format '%w %h %m %[colorspace]\\n' t.ppm t.jpg u.pgm
identify-im6.q16 -list resource | grep Thread
""", None, ("t.ppm", "t.jpg", "u.pgm")),
    # The pixels without the header, which has the date.
    "povray": Case(f"cat >t.pov <<'END'\n{SCENE}\nEND\n" + """
povray +WT2 +W80 +H60 -D +A0.3 +Ot.ppm +FP +It.pov 2>log; echo $?
tail -c 14400 t.ppm >pixels; grep -c 'using 2 thread(s)' log
""", None, ("pixels",)),
    "erlang": Case(f"cat >t.erl <<'END'\n{ERLANG}\nEND\n" + "erlc +debug_info t.erl && erl -noshell -s t main; echo $?", None),
}
