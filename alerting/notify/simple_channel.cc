// SPDX-License-Identifier: Apache-2.0
#include "alerting/notify/simple_channel.h"

#include <utility>

#include "base/status.h"

namespace vigil::alerting {
namespace {

class SimpleChannel final : public Channel {
 public:
  SimpleChannel(std::string kind, ChannelSettings settings, WriteRequest write)
      : Channel(std::move(settings)), kind_(std::move(kind)), write_(std::move(write)) {}

  std::string_view kind() const override { return kind_; }

  absl::StatusOr<Delivery> MakeDelivery(const std::string& text,
                                        const DeliveryContext& context) const override {
    VIGIL_ASSIGN_OR_RETURN(const Notification notification, DecodeNotification(text));
    NotificationTexts texts(notification, context.now_ms);
    Delivery delivery;
    VIGIL_RETURN_IF_ERROR(write_(notification, &texts, &delivery));
    VIGIL_RETURN_IF_ERROR(texts.status());
    return delivery;
  }

 private:
  const std::string kind_;
  const WriteRequest write_;
};

}  // namespace

std::unique_ptr<Channel> MakeSimpleChannel(std::string kind, ChannelSettings settings,
                                           WriteRequest write) {
  return std::make_unique<SimpleChannel>(std::move(kind), std::move(settings), std::move(write));
}

void SetJson(const nlohmann::ordered_json& json, Delivery* delivery) {
  delivery->body = DumpJson(json);
  delivery->headers.push_back("Content-Type: application/json");
}

void PutText(nlohmann::ordered_json* json, const char* name, std::string text) {
  if (!text.empty()) (*json)[name] = std::move(text);
}

}  // namespace vigil::alerting
