/* Input for a compiler: a hash table, a heap, sorting and a small calculator. It includes nothing. */
typedef unsigned int uint;

void* malloc(uint size);
void free(void* memory);
int printf(const char* format, ...);

struct entry {
  const char* key;
  double value;
  struct entry* next;
};

enum { kBuckets = 64, kHeap = 128 };

static struct entry* table[kBuckets];
static int heap[kHeap];
static int heap_size;

static uint hash(const char* key) {
  uint value = 2166136261u;
  for (; *key != 0; ++key) value = (value ^ (unsigned char)*key) * 16777619u;
  return value % kBuckets;
}

static int same(const char* a, const char* b) {
  while (*a != 0 && *a == *b) ++a, ++b;
  return *a == *b;
}

struct entry* find(const char* key, int add) {
  const uint bucket = hash(key);
  for (struct entry* each = table[bucket]; each != 0; each = each->next) {
    if (same(each->key, key)) return each;
  }
  if (!add) return 0;
  struct entry* made = malloc(sizeof *made);
  if (made == 0) return 0;
  made->key = key;
  made->value = 0;
  made->next = table[bucket];
  return table[bucket] = made;
}

void forget(void) {
  for (uint i = 0; i < kBuckets; ++i) {
    while (table[i] != 0) {
      struct entry* next = table[i]->next;
      free(table[i]);
      table[i] = next;
    }
  }
}

int push(int value) {
  if (heap_size == kHeap) return 0;
  int at = heap_size++;
  for (; at > 0 && heap[(at - 1) / 2] > value; at = (at - 1) / 2) heap[at] = heap[(at - 1) / 2];
  heap[at] = value;
  return 1;
}

int pop(int* value) {
  if (heap_size == 0) return 0;
  *value = heap[0];
  const int last = heap[--heap_size];
  int at = 0;
  for (int child; (child = 2 * at + 1) < heap_size; at = child) {
    if (child + 1 < heap_size && heap[child + 1] < heap[child]) ++child;
    if (heap[child] >= last) break;
    heap[at] = heap[child];
  }
  heap[at] = last;
  return 1;
}

void sort(long long* numbers, int count) {
  if (count < 2) return;
  const long long middle = numbers[count / 2];
  int low = 0, high = count - 1;
  while (low <= high) {
    while (numbers[low] < middle) ++low;
    while (numbers[high] > middle) --high;
    if (low > high) break;
    const long long moved = numbers[low];
    numbers[low++] = numbers[high];
    numbers[high--] = moved;
  }
  sort(numbers, high + 1);
  sort(numbers + low, count - low);
}

static double sum(const char** text);

static double factor(const char** text) {
  switch (**text) {
    case '(': {
      ++*text;
      const double value = sum(text);
      if (**text == ')') ++*text;
      return value;
    }
    case '-': ++*text; return -factor(text);
    case 'a' ... 'z': {
      const char name[2] = {*(*text)++, 0};
      const struct entry* found = find(name, 0);
      return found != 0 ? found->value : 0;
    }
    default: {
      double value = 0;
      while (**text >= '0' && **text <= '9') value = value * 10 + (*(*text)++ - '0');
      return value;
    }
  }
}

static double product(const char** text) {
  double value = factor(text);
  for (;;) {
    if (**text == '*') {
      ++*text;
      value *= factor(text);
    } else if (**text == '/') {
      ++*text;
      value /= factor(text);
    } else {
      return value;
    }
  }
}

static double sum(const char** text) {
  double value = product(text);
  while (**text == '+' || **text == '-') {
    const char sign = *(*text)++;
    value = sign == '+' ? value + product(text) : value - product(text);
  }
  return value;
}

void multiply(float a[16][16], float b[16][16], float result[16][16]) {
  for (int i = 0; i < 16; ++i) {
    for (int j = 0; j < 16; ++j) {
      float total = 0;
      for (int k = 0; k < 16; ++k) total += a[i][k] * b[k][j];
      result[i][j] = total;
    }
  }
}

int main(int argc, char** argv) {
  find("x", 1)->value = argc;
  for (int i = 1; i < argc; ++i) {
    const char* text = argv[i];
    const double value = sum(&text);
    push((int)value);
    printf("%s = %g%s\n", argv[i], value, *text == 0 ? "" : " and more");
  }
  for (int value; pop(&value);) printf("%d\n", value);
  forget();
  return 0;
}
