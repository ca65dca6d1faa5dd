// SPDX-License-Identifier: Apache-2.0
//
// Shuffles, splits and batches.

#include "runtime/Data/Feed.h"

#include "runtime/Random/Permutation.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "test/unit/Runtime/Plans.h"
#include "test/unit/Runtime/Testing.h"

using namespace lamina::runtime;
using testing_support::column;
using testing_support::Folder;
using testing_support::messageOf;
using testing_support::plan;
using testing_support::read;

TEST(Permutation, IsABijectionForEveryLength) {
  for (int64_t n : {1, 2, 3, 5, 16, 17, 1000}) {
    Permutation order(n, {1, 2});
    std::set<int64_t> seen;
    for (int64_t i = 0; i < n; ++i)
      seen.insert(order(i));
    EXPECT_EQ(int64_t(seen.size()), n);
    EXPECT_EQ(*seen.rbegin(), n - 1);
  }
}

TEST(Permutation, LooksShuffled) {
  // Mean distance of neighbours in a random order of n is n / 3.
  constexpr int64_t n = 10000;
  Permutation order(n, {1, 2}), other(n, {1, 3});
  double distance = 0;
  int64_t same = 0;
  for (int64_t i = 1; i < n; ++i) {
    distance += double(std::abs(order(i) - order(i - 1))) / (n - 1);
    same += order(i) == other(i);
  }
  EXPECT_NEAR(distance, n / 3.0, n * 0.02);
  EXPECT_LT(same, 10);
}

static std::shared_ptr<Dataset> windowsOf(const Folder &folder,
                                          const std::string &text,
                                          int64_t window, int64_t step = 1) {
  SourcePlan p = plan("windows", folder.write("t", text),
                      {column("window", Element::I32, {window}, 256)});
  p.window = window;
  p.step = step;
  return Dataset::all("d", Source::open(p));
}

TEST(Split, OfWindowsIsByPositionWithoutOverlap) {
  Folder folder;
  auto all = windowsOf(folder, "0123456789", 2);
  auto learn = Dataset::split("learn", all, {0, 0.9, ""});
  auto check = Dataset::split("check", all, {0.7, 1, ""});
  EXPECT_EQ(learn->count(), 8); // bytes 0 to 8
  EXPECT_EQ(check->count(), 2); // bytes 7 to 9
  EXPECT_EQ(check->recordAt(0), 7);
  EXPECT_EQ(Dataset::split("none", all, {0.9, 1, ""})->count(), 0);
}

static std::shared_ptr<Dataset> labelled(const Folder &folder, int64_t n) {
  std::string text = "x,y\n";
  for (int64_t i = 0; i < n; ++i)
    text += join(i, ",", i % 4 == 0 ? 1 : 0, "\n");
  return Dataset::all("d",
                      Source::open(plan("table", folder.write("t.csv", text),
                                        {column("x", Element::I32, {}),
                                         column("y", Element::I32, {}, 2)})));
}

TEST(Split, OfATableIsAFixedShuffle) {
  Folder folder;
  auto all = labelled(folder, 100);
  std::set<int64_t> seen;
  const double ends[] = {0, 0.5, 0.8, 1};
  for (size_t part : {0, 1, 2}) {
    auto set = Dataset::split("s", all, {ends[part], ends[part + 1], ""});
    EXPECT_EQ(set->count(), part == 0 ? 50 : part == 1 ? 30 : 20);
    for (int64_t i = 0; i < set->count(); ++i)
      EXPECT_TRUE(seen.insert(set->recordAt(i)).second);
  }
  EXPECT_EQ(seen.size(), 100u);
}

TEST(Split, ByAFieldIsInEqualShares) {
  Folder folder;
  auto all = labelled(folder, 100);
  auto set = Dataset::split("s", all, {0.8, 1, "y"});
  int64_t ones = 0;
  for (int64_t i = 0; i < set->count(); ++i)
    ones += read<int32_t>(set->source(), set->recordAt(i), 1)[0];
  EXPECT_EQ(set->count(), 20);
  EXPECT_EQ(ones, 5);
  EXPECT_EQ(messageOf([&] { Dataset::split("s", all, {0, 1, "z"}); }),
            "error: the split of 'd' is by 'z', which no entry reads\n");
}

static FeedPlan feedPlan(bool shuffled) {
  FeedPlan p;
  p.name = "d";
  p.batch = 3;
  p.size = 0;
  p.shuffled = shuffled;
  return p;
}

TEST(Feed, VisitsEachRecordOnceAnEpoch) {
  Folder folder;
  Feed feed(feedPlan(true), labelled(folder, 10), 3, 1);
  std::set<int64_t> seen;
  std::vector<int64_t> first;
  for (int i = 0; i < 3; ++i)
    for (int64_t record : feed.takeRecords()) {
      EXPECT_TRUE(seen.insert(record).second);
      first.push_back(record);
    }
  // The tenth record does not fill a batch: the next epoch begins, in another
  // order.
  std::vector<int64_t> second;
  for (int i = 0; i < 3; ++i)
    for (int64_t record : feed.takeRecords())
      second.push_back(record);
  EXPECT_EQ(feed.position.epoch, 1);
  // Draws of a record differ from epoch to epoch: numbers go on.
  for (int64_t record : second)
    EXPECT_TRUE(record >= 10 && record < 20);
  EXPECT_NE(first, second);
}

TEST(Feed, GoesOnFromItsPosition) {
  Folder folder;
  auto data = labelled(folder, 10);
  Feed feed(feedPlan(true), data, 3, 1);
  feed.takeRecords();
  Feed resumed(feedPlan(true), data, 3, 1);
  resumed.position = feed.position;
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(resumed.takeRecords(), feed.takeRecords());
}

TEST(Feed, InOrderIsAsTheyStand) {
  Folder folder;
  Feed feed(feedPlan(false), labelled(folder, 10), 4, 1);
  EXPECT_EQ(feed.takeRecords(), (std::vector<int64_t>{0, 1, 2, 3}));
  feed.position = {};
  size_t records = 0;
  while (size_t n = feed.takeOfOnePass().size())
    records += n;
  EXPECT_EQ(records, 10u);
}

TEST(Feed, RefusesMoreThanThereAre) {
  Folder folder;
  EXPECT_EQ(
      messageOf([&] { Feed(feedPlan(true), labelled(folder, 10), 32, 1); }),
      "error: a batch takes 32 records, but 'd' has 10\n"
      "note: a smaller --batch or more data would do\n");
  auto none =
      Dataset::split("none", windowsOf(folder, "0123456789", 2), {0.9, 1, ""});
  EXPECT_EQ(messageOf([&] { Feed(feedPlan(true), none, 3, 1); }),
            "error: data 'd' has no records\n");
}

TEST(Feed, PadsRaggedColumns) {
  Folder folder;
  auto data = Dataset::all(
      "d", Source::open(plan("lines", folder.write("t", "a\nbcd\nef\n"),
                             {column("text", Element::I32, {-1}, 256)})));
  SizeList names = {{"batch", "batch"}, {"t", "t"}};
  Entry entry;
  Argument text;
  text.type = Type::read(
      Json::parse(R"({"element": "i32", "shape": ["batch", "t"]})", "x"),
      names);
  text.kind = ArgumentKind::Batch;
  text.key = "d.text";
  entry.arguments.push_back(text);
  Feed feed(feedPlan(false), data, 3, 1);
  SizeValues sizes = {-1, -1};
  Batch batch;
  feed.read(feed.takeRecords(), 1, entry, sizes, batch);
  EXPECT_EQ(sizes, (SizeValues{3, 3}));
  EXPECT_EQ(batch.lengths["d.text"], (std::vector<int32_t>{1, 3, 2}));
  auto *values = reinterpret_cast<int32_t *>(batch.columns["d.text"].data());
  EXPECT_EQ(std::vector<int32_t>(values, values + 9),
            (std::vector<int32_t>{'a', 0, 0, 'b', 'c', 'd', 'e', 'f', 0}));
}
