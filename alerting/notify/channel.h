// SPDX-License-Identifier: Apache-2.0
//
// One way to reach people: an entry of a receiver's `webhook_configs`, `slack_configs` and so on.
// Each kind has a file of its own, which turns a notification into a request.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <absl/status/statusor.h>

#include "alerting/notify/notification.h"
#include "alerting/notify/notifier.h"

namespace vigil::alerting {

// What a request depends on beside the notification and the configuration.
struct DeliveryContext {
  std::string id;             // By which a receiver knows a repetition.
  std::string receiver_data;  // DeliveryOutcome::receiver_data of the last delivery.
  int64_t now_ms = 0;
};

// What all kinds have in common.
struct ChannelSettings {
  bool send_resolved = true;
  int64_t timeout_ms = 0;                  // 0: as long as the notification is worth sending.
  std::shared_ptr<const HttpConfig> http;  // Null: the defaults.
};

// Thread-safe; immutable.
class Channel {
 public:
  explicit Channel(ChannelSettings settings) : settings_(std::move(settings)) {}
  virtual ~Channel() = default;

  // "webhook": its name in the configuration, without "_configs", and in metrics.
  virtual std::string_view kind() const = 0;
  // The request that tells what EncodeNotification wrote. Reads the files that the configuration
  // names. InvalidArgument when a template fails: trying again does not help.
  virtual absl::StatusOr<Delivery> MakeDelivery(const std::string& notification,
                                                const DeliveryContext& context) const = 0;

  const ChannelSettings& settings() const { return settings_; }
  bool send_resolved() const { return settings_.send_resolved; }

 private:
  const ChannelSettings settings_;
};

}  // namespace vigil::alerting
