// SPDX-License-Identifier: Apache-2.0
#include "storage/shard/delivery_log.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/status.h"
#include "storage/kv/keys.h"

namespace vigil::storage {
namespace {

constexpr std::string_view kNumbers = "number";
constexpr std::string_view kDigests = "digests";

// A token's text in the tables: the tenant's number in four bytes, then the source.
std::string TokenKey(TenantId tenant, std::string_view source) {
  return KeyWriter().AppendTenant(tenant).AppendBytes(source).Take();
}

std::string EncodeU64(uint64_t number) { return KeyWriter().AppendU64(number).Take(); }

}  // namespace

DeliveryLog::DeliveryLog(uint32_t shard, KeyValueStore* store) : shard_(shard), store_(*store) {}

std::string DeliveryLog::RowKey(std::string_view kind, std::string_view key) const {
  return fmt::format("delivery/{}/{}/{}", shard_, kind, key);
}

absl::Status DeliveryLog::Load() {
  StringMap<uint64_t> numbers;
  const std::string prefix = RowKey(kNumbers, "");
  VIGIL_RETURN_IF_ERROR(
      ForEach(store_, Family::kState, {prefix, PrefixEnd(prefix)},
              [&numbers, &prefix](std::string_view key, std::string_view value) -> absl::Status {
                KeyReader reader(value);
                numbers[key.substr(prefix.size())] = reader.ReadU64();
                return reader.Finish("last number of a source");
              }));
  VIGIL_ASSIGN_OR_RETURN(const std::optional<std::string> row,
                         store_.Get(Family::kState, RowKey(kDigests, "")));
  VIGIL_ASSIGN_OR_RETURN(std::deque<Digest> digests, DecodeDigests(row.value_or("")));
  MutexLock lock(&mutex_);
  last_numbers_ = std::move(numbers);
  for (const Digest& digest : digests) digests_.insert(digest.key);
  digests_by_age_ = std::move(digests);
  return absl::OkStatus();
}

// Their number, then for each its time, the length of its key and the key.
absl::StatusOr<std::deque<DeliveryLog::Digest>> DeliveryLog::DecodeDigests(std::string_view row) {
  std::deque<Digest> digests;
  if (row.empty()) return digests;
  KeyReader reader(row);
  for (size_t left = std::min<size_t>(reader.ReadU32(), kMaxDigests); left > 0; --left) {
    const auto stored_at_ms = static_cast<int64_t>(reader.ReadU64());
    const uint8_t size = reader.ReadU8();
    digests.push_back({std::string(reader.ReadBytes(size)), stored_at_ms});
  }
  VIGIL_RETURN_IF_ERROR(reader.Finish("digests of requests"));
  return digests;
}

bool DeliveryLog::IsStoredLocked(const BatchToken& token, const std::string& key) const {
  if (token.kind == BatchToken::Kind::kDigest) return digests_.contains(key);
  const auto last = last_numbers_.find(key);
  return last != last_numbers_.end() && last->second >= token.number;
}

void DeliveryLog::RecordLocked(const BatchToken& token, const std::string& key, int64_t now_ms) {
  if (token.kind == BatchToken::Kind::kNumber) {
    last_numbers_[key] = token.number;
    changed_sources_.insert(key);
    return;
  }
  if (digests_.insert(key).second) digests_by_age_.push_back({key, now_ms});
  while (!digests_by_age_.empty() &&
         (digests_by_age_.front().stored_at_ms + kDigestLifetimeMs < now_ms ||
          digests_by_age_.size() > kMaxDigests)) {
    digests_.erase(digests_by_age_.front().key);
    digests_by_age_.pop_front();
  }
}

bool DeliveryLog::Begin(TenantId tenant, const BatchToken& token) {
  if (token.kind == BatchToken::Kind::kNone) return true;
  const std::string key = TokenKey(tenant, token.source);
  MutexLock lock(&mutex_);
  while (in_flight_.contains(key)) ended_.wait(mutex_);
  if (IsStoredLocked(token, key)) return false;
  in_flight_.insert(key);
  return true;
}

void DeliveryLog::End(TenantId tenant, const BatchToken& token, bool stored, int64_t now_ms) {
  if (token.kind == BatchToken::Kind::kNone) return;
  const std::string key = TokenKey(tenant, token.source);
  MutexLock lock(&mutex_);
  in_flight_.erase(key);
  if (stored) RecordLocked(token, key, now_ms);
  ended_.notify_all();
}

bool DeliveryLog::Record(TenantId tenant, const BatchToken& token, int64_t stored_at_ms) {
  if (token.kind == BatchToken::Kind::kNone) return true;
  const std::string key = TokenKey(tenant, token.source);
  MutexLock lock(&mutex_);
  if (IsStoredLocked(token, key)) return false;
  RecordLocked(token, key, stored_at_ms);
  return true;
}

uint64_t DeliveryLog::LastNumber(TenantId tenant, std::string_view source) const {
  MutexLock lock(&mutex_);
  const auto last = last_numbers_.find(TokenKey(tenant, source));
  return last == last_numbers_.end() ? 0 : last->second;
}

void DeliveryLog::Seal() {
  MutexLock lock(&mutex_);
  sealed_rows_.clear();
  for (const std::string& key : changed_sources_) {
    sealed_rows_.emplace_back(RowKey(kNumbers, key), EncodeU64(last_numbers_[key]));
  }
  changed_sources_.clear();
  KeyWriter digests;
  digests.AppendU32(static_cast<uint32_t>(digests_by_age_.size()));
  for (const Digest& digest : digests_by_age_) {
    digests.AppendU64(digest.stored_at_ms);
    digests.AppendU8(static_cast<uint8_t>(digest.key.size()));
    digests.AppendBytes(digest.key);
  }
  sealed_rows_.emplace_back(RowKey(kDigests, ""), digests.Take());
}

void DeliveryLog::AddSealed(WriteBatch* batch) const {
  MutexLock lock(&mutex_);
  for (const auto& [key, value] : sealed_rows_) batch->Put(Family::kState, key, value);
}

}  // namespace vigil::storage
