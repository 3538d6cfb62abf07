-- A table of 4000 rows, an index, groups and a join, in memory.
CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT, price REAL, part INTEGER);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000)
INSERT INTO items SELECT i, printf('item %d', i * 7919 % 5003), (i * 31 % 977) / 8.0, i * 17 % 61 FROM n;
CREATE INDEX by_name ON items (name);
SELECT part, count(*), round(sum(price), 2), max(name) FROM items GROUP BY part ORDER BY 3 DESC, 1 LIMIT 5;
SELECT count(*), round(avg(a.price * b.price), 2) FROM items a JOIN items b ON b.name = 'item ' || a.id;
UPDATE items SET price = price * 1.5 WHERE name LIKE '%9%';
SELECT round(sum(price), 2), count(DISTINCT substr(name, -2)) FROM items;
