#include "transport/session/owned_list.h"

#include <string>
#include <vector>

#include "tests/support/catch.h"

namespace hubtrail::transport {
namespace {

/// Thread: strand.
struct Element : OwnedListNode<Element> {
    Element(int number_of, int& alive_of) : number(number_of), alive(alive_of) { ++alive; }
    ~Element() { --alive; }
    int number;
    int& alive;
};

std::vector<int> numbers(const OwnedList<Element>& list) {
    std::vector<int> found;
    for (const auto* element = list.first(); element != nullptr; element = element->next()) {
        found.push_back(element->number);
    }
    return found;
}

}  // namespace

TEST_CASE("A list hands out whichever element it is asked for and keeps the others in order",
          "[session]") {
    const int taken = GENERATE(0, 1, 2, 3);
    int alive = 0;
    OwnedList<Element> list;
    std::vector<Element*> elements;
    for (int i = 0; i < 4; ++i) {
        elements.push_back(&list.add(std::make_unique<Element>(i, alive)));
    }
    CHECK(numbers(list) == std::vector<int>{3, 2, 1, 0});
    auto out = list.take(*elements[static_cast<std::size_t>(taken)]);
    CHECK(out.get() == elements[static_cast<std::size_t>(taken)]);
    CHECK(out->next() == nullptr);
    CHECK(alive == 4);
    std::vector<int> rest = {3, 2, 1, 0};
    std::erase(rest, taken);
    CHECK(numbers(list) == rest);
    SECTION("and takes it back, in front") {
        list.add(std::move(out));
        rest.insert(rest.begin(), taken);
        CHECK(numbers(list) == rest);
        CHECK(alive == 4);
    }
    SECTION("and no longer owns it") {
        out.reset();
        CHECK(alive == 3);
        CHECK(numbers(list) == rest);
    }
}

TEST_CASE("Elements go from list to list, and with their list", "[session]") {
    int alive = 0;
    {
        OwnedList<Element> fast;
        OwnedList<Element> slow;
        auto& a = fast.add(std::make_unique<Element>(1, alive));
        auto& b = fast.add(std::make_unique<Element>(2, alive));
        auto& c = fast.add(std::make_unique<Element>(3, alive));
        slow.add(fast.take(b));
        slow.add(fast.take(a));
        CHECK(numbers(fast) == std::vector<int>{3});
        CHECK(numbers(slow) == std::vector<int>{1, 2});
        fast.take(c).reset();
        CHECK(fast.first() == nullptr);
        CHECK(alive == 2);
    }
    CHECK(alive == 0);
}

TEST_CASE("A long list ends without a deep stack", "[session]") {
    int alive = 0;
    {
        OwnedList<Element> list;
        for (int i = 0; i < 300'000; ++i) {
            list.add(std::make_unique<Element>(i, alive));
        }
    }
    CHECK(alive == 0);
}

}  // namespace hubtrail::transport
