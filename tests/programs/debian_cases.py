"""Cases in which programs of Debian must do the same under ferry as on the i386 kernel: scripts for /bin/sh, each run in a
folder of its own."""
from case import Case
import list_cases
import thread_cases

C_SOURCE = """
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct entry { const char *name; long long number; double weight; };

static int by_weight(const void *a, const void *b) {
  const struct entry *left = a, *right = b;
  return left->weight < right->weight ? -1 : left->weight > right->weight;
}

unsigned checksum(const unsigned char *bytes, size_t size) {
  unsigned sum = 1, carry = 0;
  for (size_t i = 0; i < size; i++) {
    sum = (sum + bytes[i]) % 65521;
    carry = (carry + sum) % 65521;
  }
  return carry << 16 | sum;
}

int main(void) {
  struct entry entries[] = {{"one", 1ll << 40, 2.5}, {"two", -7, 0.1}, {"three", 99 / 7, 1e300}};
  qsort(entries, 3, sizeof *entries, by_weight);
  for (int i = 0; i < 3; i++)
    printf("%-6s %lld %.17g %.9f\\n", entries[i].name, entries[i].number, entries[i].weight, sqrt(i + 0.5));
  switch (checksum((const unsigned char *)entries[0].name, strlen(entries[0].name)) & 7) {
    case 0: puts("zero"); break;
    case 1: puts("one"); break;
    case 2: case 5: puts("two or five"); break;
    default: puts("another");
  }
  return 0;
}
"""

CXX_SOURCE = """
#include <stdexcept>
#include <string>
#include <vector>

template <typename T> T total(const std::vector<T> &values) {
  T sum{};
  for (const T &each : values) sum += each;
  return sum;
}

namespace {
struct Shape { virtual ~Shape() = default; virtual double area() const = 0; };
struct Square final : Shape {
  explicit Square(double side) : side_(side) { if (side < 0) throw std::invalid_argument("side"); }
  double area() const override { return side_ * side_; }
  double side_;
};
}

std::string describe(double side) try {
  const std::vector<long long> numbers{1, 2, 3, 1ll << 40};
  const Square square(side);
  const Shape &shape = square;
  return std::to_string(total(numbers) + static_cast<long long>(shape.area()));
} catch (const std::exception &error) {
  return error.what();
}
"""

PYTHON = """
import json, re, struct, zlib
words = re.findall(r"[a-z]+", "the quick brown fox jumps over the lazy dog")
print(json.dumps({"crc": zlib.crc32(b"ferry"), "words": sorted(set(words)), "pi": 355 / 113}))
print(struct.pack("<dq", 0.1, -2).hex(), 3 ** 100 % 1000007, sum(i * i for i in range(20000)))
"""

PERL = r"""
my %count; $count{$_}++ for split //, "mississippi";
print join(",", map {"$_=$count{$_}"} sort keys %count), "\n";
my $child = open(my $pipe, "-|") // die; unless ($child) { print "from a child\n"; exit 3 }
print "read: ", <$pipe>; close $pipe; print $? >> 8, " ", sprintf("%.15g", atan2(1, 1) * 4), "\n";
"""

# gcc and g++ execute cc1 or cc1plus and as; to link, collect2 and ld.
CASES = {
    "gcc": Case(f"cat >t.c <<'END'\n{C_SOURCE}\nEND\ngcc -O2 -Wall -c t.c && gcc t.o -o t -lm && ./t",
                1 + 1 + 3 + 3 + 1, ("t.o", "t")),
    "g++": Case(f"cat >t.cc <<'END'\n{CXX_SOURCE}\nEND\ng++ -O2 -Wall -c t.cc", 1 + 1 + 3, ("t.o",)),
    "python3": Case(f"python3 -c '{PYTHON}'", 2),
    "perl, threads and IPC": list_cases.CASES["perl"],
    "perl": Case(f"perl -e '{PERL}'", 3),
    # A commit's name is a digest of everything in the commit.
    "git": Case("git init -q -b main . && echo hello >file && git add file && git commit -q -m first && echo more >>file &&"
                " git diff && git commit -q -a -m second && git log --stat --format='%H %an %s' | cat && git status",
                1 + 7 + 1),
    # The terminal answers the query for the cursor's position only after it has read all that was written before. (The script
    # cannot wait for the end of a window's program: tmux misses SIGCHLD while libutempter runs its helper.)
    "tmux": Case("""
cat >window <<'END'
stty size; echo "in the $1"; tty | cut -c 1-9
stty -echo -icanon; printf '\\033[6n'; head -c 6 >answer
tmux -S socket wait-for -S "$1"
exec cat
END
tmux -S socket -f /dev/null new-session -d -x 60 -y 6 'sh window first'
tmux -S socket wait-for first
tmux -S socket capture-pane -p
tmux -S socket new-window 'sh window second'
tmux -S socket wait-for second
tmux -S socket capture-pane -p
tmux -S socket list-windows -F '#{window_index} #{window_panes} #{pane_dead}'
tmux -S socket kill-server
""", 28),
} | thread_cases.CASES
