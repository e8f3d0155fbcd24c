#pragma once

#include <memory>
#include <utility>

namespace hubtrail::transport {

template <typename T>
class OwnedList;

/// What an element of an OwnedList<T> derives from: its place in the list. Thread: strand.
template <typename T>
class OwnedListNode {
public:
    /// The element behind it; null: it is the last, or in no list.
    T* next() const { return next_.get(); }

private:
    friend class OwnedList<T>;
    std::unique_ptr<T> next_;
    T* previous_ = nullptr;
};

/// Owns its elements. Putting one in and taking one out costs neither a search nor memory, so that
/// whoever has a reference to an element can have it taken out. Thread: strand.
template <typename T>
class OwnedList {
public:
    OwnedList() = default;
    ~OwnedList() {
        while (first_) {
            take(*first_);
        }
    }
    OwnedList(const OwnedList&) = delete;
    OwnedList& operator=(const OwnedList&) = delete;

    /// In front of the others.
    T& add(std::unique_ptr<T> element) {
        auto& node = node_of(*element);
        node.next_ = std::move(first_);
        node.previous_ = nullptr;
        if (node.next_) {
            node_of(*node.next_).previous_ = element.get();
        }
        first_ = std::move(element);
        return *first_;
    }

    /// Only of an element of this list.
    std::unique_ptr<T> take(T& element) {
        auto& node = node_of(element);
        auto& owner = node.previous_ != nullptr ? node_of(*node.previous_).next_ : first_;
        auto taken = std::exchange(owner, std::move(node.next_));
        if (owner) {
            node_of(*owner).previous_ = std::exchange(node.previous_, nullptr);
        }
        return taken;
    }

    /// Null: the list is empty.
    T* first() const { return first_.get(); }

private:
    static OwnedListNode<T>& node_of(T& element) { return element; }

    std::unique_ptr<T> first_;
};

}  // namespace hubtrail::transport
