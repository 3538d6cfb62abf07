#include "guest/i386/decode/row_table.hpp"

namespace ferry::i386 {

namespace detail {
const Row* const kFirstRow = kRows.data();
}

uint16_t row_count() {
  return kRows.size();
}

}  // namespace ferry::i386
