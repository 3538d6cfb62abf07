-- Calls, integers and an array. Lua's string hashes begin with the time and an address, so the count must not depend on strings.
local function fib(n)
  if n < 2 then return n end
  return fib(n - 1) + fib(n - 2)
end

local seed = 42
local function random()
  seed = (seed * 1103515245 + 12345) % 2147483648
  return seed
end

print(fib(25))
local numbers = {}
for i = 1, 8000 do numbers[i] = random() end
table.sort(numbers)
print(numbers[1], numbers[4000], numbers[8000])
