#include "guest/i386/decode/rows.hpp"

#include "guest/i386/decode/row_table.hpp"

namespace ferry::i386 {

const Row& row(uint16_t index) {
  return kRows[index];
}

uint16_t row_count() {
  return kRows.size();
}

}  // namespace ferry::i386
