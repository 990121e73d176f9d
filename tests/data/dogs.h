// sacreBLEU's own example: three hypotheses, two references.
#pragma once

#include <string>
#include <vector>

namespace mosaic::test {

inline const std::vector<std::string> dogs{"The dog bit the man.", "It wasn't surprising.",
                                           "The man had just bitten him."};
inline const std::vector<std::string> dogs_a{"The dog bit the man.", "It was not unexpected.",
                                             "The man bit him first."};
inline const std::vector<std::string> dogs_b{"The dog had bit the man.", "No one was surprised.",
                                             "The man had bitten the dog."};

}  // namespace mosaic::test
