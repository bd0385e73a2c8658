// What was worked out of the rows that a snapshot shows, kept with it.
#pragma once

#include <memory>
#include <typeindex>
#include <utility>
#include <vector>

namespace holm::sql {

class Transaction;

// One thing of each type, made when it is first asked for, by whoever reads the snapshot at the time; gone with
// it. Rows of a snapshot do not change, so it is never old. Whoever puts things into it bounds how many. One
// thread at a time.
class Derived final {
 public:
  template <class T>
  T& get() {
    const std::type_index type(typeid(T));
    for (const auto& [known, thing] : things_) {
      if (known == type) return *static_cast<T*>(thing.get());
    }
    auto made = std::make_shared<T>();
    things_.emplace_back(type, made);
    return *made;
  }

 private:
  std::vector<std::pair<std::type_index, std::shared_ptr<void>>> things_;
};

// Beside Transaction, for those that read one snapshot.
class Snapshot {
 public:
  virtual ~Snapshot() = default;
  // Null for a transaction that writes: what it shows changes.
  virtual Derived* derived() = 0;
};

// Null also when there is no such side to the transaction.
Derived* find_derived(Transaction& transaction);

}  // namespace holm::sql
