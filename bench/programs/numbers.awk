# A loop over floating-point numbers, and an array.
BEGIN {
  for (i = 1; i <= 50000; ++i) {
    sum += i / (i + 1.5) * sqrt(i)
    seed = (seed * 16807 + 11) % 2147483647
    ++bucket[seed % 257]
  }
  for (each in bucket) if (bucket[each] > most) most = bucket[each]
  printf "%.6f %d %d\n", sum, seed, most
}
