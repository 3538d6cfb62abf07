"""Integers, dictionaries, strings, floating point and objects. It imports nothing, since modules would have to be compiled."""


class Count:
    def __init__(self, word):
        self.word = word
        self.times = 0

    def add(self):
        self.times += 1


def words():
    with open("text012", encoding="ascii") as lines:
        for line in lines:
            yield from line.split()


def primes(limit):
    sieve = bytearray([1]) * limit
    for i in range(2, limit):
        if sieve[i]:
            yield i
            for multiple in range(i * i, limit, i):
                sieve[multiple] = 0


counts = {}
for word in words():
    if word not in counts:
        counts[word] = Count(word)
    counts[word].add()
most = sorted(counts.values(), key=lambda count: (-count.times, count.word))[:800]
text = ", ".join(f"{count.word}: {count.times:04d}" for count in most)
pairs = [text[i:i + 2] for i in range(len(text) - 1)]
print(len(text), len(set(pairs)), text.upper().count("TH"), text.replace("0", "").find("e: 1"))
print(sum(primes(30000)), 3 ** 2000 % 1000007)
total = 0.0
for i in range(1, 20000):
    total += i ** 0.5 / (i + 1)
print(f"{total:.6f}")
