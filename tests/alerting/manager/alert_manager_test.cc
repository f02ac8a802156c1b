// SPDX-License-Identifier: Apache-2.0
//
// What scripts cannot show: due times, damaged stores, many threads. The rest is in testdata.
#include "alerting/manager/alert_manager.h"

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "alerting/manager/config.h"
#include "base/clock.h"
#include "base/log.h"
#include "storage/kv/fault_store.h"
#include "storage/kv/memory_store.h"
#include "tests/alerting/manager/scripted_notifier.h"
#include "tests/testing/status_matchers.h"

namespace vigil::alerting {
namespace {

using storage::Durability;
using storage::Family;
using storage::FaultStore;
using storage::MemoryStore;
using vigil::testing::StatusIs;

constexpr int64_t kStartMs = 1'767'225'600'000;
constexpr int64_t kNeverMs = std::numeric_limits<int64_t>::max();
constexpr char kConfig[] = R"(
route: {receiver: team, group_by: [alertname], group_wait: 10s, group_interval: 1m}
receivers: [{name: team, webhook_configs: [{url: "http://team/"}]}]
)";

class AlertManagerTest : public ::testing::Test {
 protected:
  void Start() {
    SetLogLevel(LogLevel::kError);
    ASSERT_OK_AND_ASSIGN(ManagerConfig config, ParseManagerConfig("f", kConfig));
    AlertManagerOptions options;
    options.random = [] { return 0.5; };
    ASSERT_OK_AND_ASSIGN(
        manager_, AlertManager::Create(options, std::move(config), &store_, &notifier_, kStartMs));
  }

  void Send(const std::string& name, int64_t now_ms) {
    Alert alert;
    alert.labels = {{"alertname", name}};
    alert.starts_at_ms = now_ms;
    alert.ends_at_ms = now_ms + kMillisPerDay;
    storage::WriteBatch batch;
    ASSERT_OK(manager_->Receive({alert}, now_ms, &batch));
    ASSERT_OK(store_.Write(batch, Durability::kSync));
  }

  MemoryStore store_;
  ScriptedNotifier notifier_;
  std::unique_ptr<AlertManager> manager_;
};

TEST_F(AlertManagerTest, SaysWhenSomethingIsDue) {
  Start();
  EXPECT_EQ(manager_->RunDue(kStartMs), kNeverMs);
  Send("A", kStartMs);
  EXPECT_EQ(manager_->RunDue(kStartMs), kStartMs + 10'000);
  notifier_.Answer("", "503");
  EXPECT_EQ(manager_->RunDue(kStartMs + 10'000), kStartMs + 10'500);
  notifier_.Answer("", "hang");
  // A delivery is on its way: look again soon.
  EXPECT_EQ(manager_->RunDue(kStartMs + 10'500), kStartMs + 10'520);
  notifier_.Release("", "200");
  EXPECT_EQ(manager_->RunDue(kStartMs + 10'600), kStartMs + 70'000);
}

TEST_F(AlertManagerTest, TakesTheGoodAlertsOfABadLot) {
  Start();
  Alert good;
  good.labels = {{"alertname", "A"}};
  storage::WriteBatch batch;
  EXPECT_THAT(manager_->Receive({Alert(), good}, kStartMs, &batch),
              StatusIs(absl::StatusCode::kInvalidArgument, "{}: at least one label pair required"));
  EXPECT_EQ(manager_->GetStats().alerts, 1);
}

TEST_F(AlertManagerTest, WritesNothingWhenNothingChanged) {
  Start();
  Send("A", kStartMs);
  manager_->RunDue(kStartMs + 10'000);
  Alert again;
  again.labels = {{"alertname", "A"}};
  again.starts_at_ms = kStartMs;
  again.ends_at_ms = kStartMs + kMillisPerDay;
  storage::WriteBatch batch;
  ASSERT_OK(manager_->Receive({again}, kStartMs + 20'000, &batch));
  EXPECT_TRUE(batch.empty());
}

TEST_F(AlertManagerTest, PassesOverDamagedRows) {
  Start();
  Send("A", kStartMs);
  Send("B", kStartMs);
  manager_.reset();
  storage::WriteBatch damage;
  damage.Put(Family::kState, "manager/alert/0000000000000000", "damaged");
  damage.Put(Family::kState, "manager/group/x", "{}");
  damage.Put(Family::kState, "manager/log/x", "{\"v\":1}");
  damage.Put(Family::kState, "manager/outbox/x", "");
  damage.Put(Family::kState, "manager/dead/x", "[");
  damage.Put(Family::kState, "manager/sequence", "?");
  ASSERT_OK(store_.Write(damage, Durability::kSync));
  Start();
  manager_->RunDue(kStartMs + 10'000);
  EXPECT_EQ(notifier_.TakeSent().size(), 2u);
}

TEST_F(AlertManagerTest, RefusesAStoreOfALaterFormat) {
  storage::WriteBatch later;
  later.Put(Family::kState, "manager/alert/0000000000000000", "{\"v\":2}");
  ASSERT_OK(store_.Write(later, Durability::kSync));
  EXPECT_THAT(AlertManager::Create({}, {}, &store_, &notifier_, kStartMs).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(AlertManagerTest, RunsWithoutAFile) {
  ASSERT_OK_AND_ASSIGN(manager_,
                       AlertManager::Create({}, ManagerConfig(), &store_, &notifier_, kStartMs));
  Send("A", kStartMs);
  manager_->RunDue(kStartMs + kMillisPerHour);
  EXPECT_TRUE(notifier_.TakeSent().empty());
  EXPECT_EQ(manager_->GetStats().groups, 1);
}

TEST_F(AlertManagerTest, ManyFlushesAreStoredInParts) {
  SetLogLevel(LogLevel::kError);
  ASSERT_OK_AND_ASSIGN(const ManagerConfig config, ParseManagerConfig("f", kConfig));
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<FaultStore> store,
                       FaultStore::Wrap(std::make_unique<MemoryStore>()));
  ASSERT_OK_AND_ASSIGN(manager_,
                       AlertManager::Create({}, config, store.get(), &notifier_, kStartMs));
  constexpr size_t kGroups = 20;
  for (size_t i = 0; i < kGroups; ++i) {
    Alert alert;
    alert.labels = {{"alertname", "A" + std::to_string(i)}};
    alert.annotations = {{"text", std::string(1 << 20, 'x')}};
    alert.starts_at_ms = kStartMs;
    alert.ends_at_ms = kStartMs + kMillisPerDay;
    storage::WriteBatch batch;
    ASSERT_OK(manager_->Receive({alert}, kStartMs, &batch));
    ASSERT_OK(store->Write(batch, Durability::kSync));
  }
  // The second part is refused: nobody is told anything, of the first part neither.
  const int64_t due_ms = kStartMs + 10'000;
  store->FailAt(FaultStore::Operation::kWrite, 2, absl::UnavailableError("full"));
  const int64_t retry_ms = manager_->RunDue(due_ms);
  EXPECT_GT(retry_ms, due_ms);
  EXPECT_EQ(notifier_.TakeSent().size(), 0u);
  const int64_t waiting = manager_->GetStats().outbox;
  EXPECT_GT(waiting, 0);
  EXPECT_LT(waiting, static_cast<int64_t>(kGroups));

  // Whether it goes on or was killed.
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<storage::KeyValueStore> left, store->AfterKill());
  manager_->RunDue(retry_ms);
  EXPECT_EQ(notifier_.TakeSent().size(), kGroups);
  ASSERT_OK_AND_ASSIGN(manager_,
                       AlertManager::Create({}, config, left.get(), &notifier_, retry_ms));
  EXPECT_GT(manager_->GetStats().outbox, 0);
  manager_->RunDue(retry_ms);
  EXPECT_EQ(notifier_.TakeSent().size(), kGroups);
  EXPECT_EQ(manager_->GetStats().outbox, 0);
  manager_.reset();  // Before its store.
}

// Ends deliveries from a thread of their own, as the real one does.
class ThreadedNotifier final : public Notifier {
 public:
  ~ThreadedNotifier() override {
    for (std::thread& thread : threads_) thread.join();
  }
  void Send(const std::string&, Delivery, std::function<void(DeliveryOutcome)> done) override {
    threads_.emplace_back(
        [done = std::move(done)] { done({.delivered = true, .http_status = 200}); });
  }

 private:
  std::vector<std::thread> threads_;
};

TEST_F(AlertManagerTest, IsSafeFromManyThreads) {
  ASSERT_OK_AND_ASSIGN(ManagerConfig config, ParseManagerConfig("f", kConfig));
  auto notifier = std::make_unique<ThreadedNotifier>();
  ASSERT_OK_AND_ASSIGN(manager_,
                       AlertManager::Create({}, config, &store_, notifier.get(), kStartMs));
  constexpr int kAlerts = 50;
  std::thread sender([&] {
    for (int i = 0; i < kAlerts; ++i) Send("A" + std::to_string(i), kStartMs);
  });
  std::thread asker([&] {
    while (manager_->GetStats().alerts < kAlerts) std::this_thread::yield();
    EXPECT_OK(manager_->SetConfig(config, kStartMs));
  });
  for (int64_t t = 0; t < 100; ++t) manager_->RunDue(kStartMs + 9'000 + t);
  sender.join();
  asker.join();
  int64_t now_ms = kStartMs + 10'000;
  while (manager_->GetStats().delivered < kAlerts) manager_->RunDue(++now_ms);
  EXPECT_EQ(manager_->GetStats().outbox, 0);
  manager_.reset();
}

}  // namespace
}  // namespace vigil::alerting
