-- The sun and four planets under gravitation: floating-point arithmetic on arrays (see fib.lua why not on named fields).
local steps <const> = 4000
local days <const> = 365.24
local unit <const> = 4 * math.pi ^ 2 -- of mass
local sqrt = math.sqrt

-- A body's fields.
local X <const>, Y <const>, Z <const>, VX <const>, VY <const>, VZ <const>, MASS <const> = 1, 2, 3, 4, 5, 6, 7

local function body(x, y, z, vx, vy, vz, mass)
  return {x, y, z, vx * days, vy * days, vz * days, mass * unit}
end

local bodies = {
  body(0, 0, 0, 0, 0, 0, 1),
  body(4.84, -1.16, -0.104, 0.00166, 0.00770, -0.0000690, 0.000955),
  body(8.34, 4.12, -0.404, -0.00277, 0.00500, 0.0000230, 0.000286),
  body(12.9, -15.1, -0.223, 0.00296, 0.00238, -0.0000297, 0.0000437),
  body(15.4, -25.9, 0.179, 0.00268, 0.00163, -0.0000952, 0.0000515),
}

local function energy()
  local sum = 0
  for i = 1, #bodies do
    local a = bodies[i]
    sum = sum + 0.5 * a[MASS] * (a[VX] ^ 2 + a[VY] ^ 2 + a[VZ] ^ 2)
    for j = i + 1, #bodies do
      local b = bodies[j]
      sum = sum - a[MASS] * b[MASS] / sqrt((a[X] - b[X]) ^ 2 + (a[Y] - b[Y]) ^ 2 + (a[Z] - b[Z]) ^ 2)
    end
  end
  return sum
end

local function advance(time)
  for i = 1, #bodies do
    local a = bodies[i]
    for j = i + 1, #bodies do
      local b = bodies[j]
      local dx, dy, dz = a[X] - b[X], a[Y] - b[Y], a[Z] - b[Z]
      local square = dx * dx + dy * dy + dz * dz
      local pull = time / (square * sqrt(square))
      local to_a, to_b = b[MASS] * pull, a[MASS] * pull
      a[VX], a[VY], a[VZ] = a[VX] - dx * to_a, a[VY] - dy * to_a, a[VZ] - dz * to_a
      b[VX], b[VY], b[VZ] = b[VX] + dx * to_b, b[VY] + dy * to_b, b[VZ] + dz * to_b
    end
  end
  for i = 1, #bodies do
    local a = bodies[i]
    a[X], a[Y], a[Z] = a[X] + time * a[VX], a[Y] + time * a[VY], a[Z] + time * a[VZ]
  end
end

print(string.format("%.6f", energy()))
for _ = 1, steps do advance(0.01) end
print(string.format("%.6f", energy()))
