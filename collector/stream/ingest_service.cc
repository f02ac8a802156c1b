// SPDX-License-Identifier: Apache-2.0
#include "collector/stream/ingest_service.h"

#include <map>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <grpcpp/grpcpp.h>

#include "base/mutex.h"
#include "base/status.h"
#include "collector/admission/grpc_status.h"
#include "collector/stream/batch_writer.h"
#include "proto/vigil/v1/ingest.grpc.pb.h"

namespace vigil::collector {
namespace {

constexpr size_t kMaxClientIdBytes = 256;

// A stream that can be told to end because its client opened another.
class Endable {
 public:
  virtual ~Endable() = default;
  virtual void EndAborted() = 0;
};

// The open stream of each client; a client has one of a kind at a time. Thread-safe.
class OpenStreams {
 public:
  // Puts `stream` in the place of an older one, which is ended.
  void Enter(const std::string& source, Endable* stream) {
    MutexLock lock(&mutex_);
    Endable*& open = streams_[source];
    // Under the lock: the older stream cannot leave, and so not be destroyed, meanwhile.
    if (open != nullptr) open->EndAborted();
    open = stream;
  }
  void Leave(const std::string& source, Endable* stream) {
    MutexLock lock(&mutex_);
    const auto open = streams_.find(source);
    if (open != streams_.end() && open->second == stream) streams_.erase(open);
  }

 private:
  Mutex mutex_;
  std::map<std::string, Endable*> streams_ ABSL_GUARDED_BY(mutex_);
};

struct Backend {
  storage::Storage& storage;
  const Clock& clock;
  Admission& admission;
  ThreadPool& workers;
  OpenStreams open_streams;
};

std::string TenantNameOf(const grpc::CallbackServerContext& context) {
  const auto header = context.client_metadata().find("x-scope-orgid");
  if (header == context.client_metadata().end()) return "";
  return {header->second.data(), header->second.size()};
}

// One stream. Its steps follow one another: read a message, store it on a worker, acknowledge, read
// the next; what a client has in flight beyond that waits in gRPC's window. Destroys itself at its
// end.
template <typename Request, typename Writer>
class Stream final : public grpc::ServerBidiReactor<Request, v1::StreamResponse>, public Endable {
 public:
  Stream(Backend* backend, grpc::CallbackServerContext* context)
      : backend_(*backend), tenant_name_(TenantNameOf(*context)) {
    this->StartRead(&request_);
  }

  void OnReadDone(bool ok) override {
    if (!ok) return End(grpc::Status::OK);
    {
      MutexLock lock(&mutex_);
      if (ended_) return;
      working_ = true;
    }
    backend_.admission.WhenRoom([this](bool room) {
      if (!room) {
        FinishWork(ToWriteStatus(backend_.admission.Refusal(), retry_after_ms()));
      } else if (!backend_.workers.TrySubmit([this] { Handle(); })) {
        FinishWork(RetryLater("too many requests are waiting", retry_after_ms()));
      }
    });
  }

  void OnWriteDone(bool ok) override {
    if (!ok) return End(grpc::Status::CANCELLED);
    MutexLock lock(&mutex_);
    if (!ended_) this->StartRead(&request_);
  }

  void OnDone() override {
    if (!source_.empty()) backend_.open_streams.Leave(source_, this);
    // Whoever called Finish may still hold the lock.
    mutex_.lock();
    mutex_.unlock();
    delete this;
  }

  void EndAborted() override {
    End({grpc::StatusCode::ABORTED, "the client opened another stream with the same id"});
  }

 private:
  int64_t retry_after_ms() const { return backend_.admission.options().retry_after_ms; }

  // Once only: a stream may be ended by its client, by an error and by a newer stream. While a
  // worker has it (or it waits for one), the worker ends it: nothing would keep the stream alive
  // otherwise.
  void End(const grpc::Status& status) {
    MutexLock lock(&mutex_);
    if (ended_) return;
    if (working_) {
      end_after_work_ = status;
      return;
    }
    ended_ = true;
    this->Finish(status);
  }

  // On a worker.
  void Handle() { FinishWork(request_.has_open() ? HandleOpen() : HandleBatch()); }

  // Writes the answer, or ends the stream. The last thing that is done with it on a worker.
  void FinishWork(const grpc::Status& status) {
    MutexLock lock(&mutex_);
    working_ = false;
    if (status.ok() && !end_after_work_.has_value()) return this->StartWrite(&response_);
    ended_ = true;
    this->Finish(status.ok() ? *end_after_work_ : status);
  }

  grpc::Status HandleOpen() {
    const std::string& client_id = request_.open().client_id();
    if (writer_.has_value()) {
      return {grpc::StatusCode::INVALID_ARGUMENT, "the stream is open already"};
    }
    if (client_id.empty() || client_id.size() > kMaxClientIdBytes) {
      return {grpc::StatusCode::INVALID_ARGUMENT,
              fmt::format("client_id must have 1 to {} bytes", kMaxClientIdBytes)};
    }
    const absl::StatusOr<storage::TenantId> tenant = backend_.storage.Tenant(tenant_name_);
    if (!tenant.ok()) return ToGrpcStatus(tenant.status());
    source_ = fmt::format("{}/{}/{}", Writer::kKind, static_cast<uint32_t>(*tenant), client_id);
    backend_.open_streams.Enter(source_, this);
    writer_.emplace(&backend_.storage, &backend_.clock, *tenant, source_);
    durable_ = backend_.storage.LastDurableNumber(*tenant, source_);
    response_.mutable_opened()->set_last_durable_number(durable_);
    return grpc::Status::OK;
  }

  grpc::Status HandleBatch() {
    if (!request_.has_batch() || !writer_.has_value()) {
      return {grpc::StatusCode::INVALID_ARGUMENT,
              "the first message of a stream must be `open`, every other a `batch`"};
    }
    const uint64_t number = request_.batch().number();
    if (number == 0 || number > durable_ + 1) {
      return {grpc::StatusCode::INVALID_ARGUMENT,
              fmt::format("batch {} came where {} was expected: number batches from 1 without gaps",
                          number, durable_ + 1)};
    }
    const size_t bytes = request_.ByteSizeLong();
    if (const size_t most = backend_.admission.options().max_request_bytes; bytes > most) {
      return TooLarge(bytes, most);
    }
    const Admission::Ticket ticket = backend_.admission.Admit(bytes);
    if (!ticket.admitted()) return ToWriteStatus(backend_.admission.Refusal(), retry_after_ms());
    // Also for a batch that is durable already: it may define series that later ones use.
    const absl::StatusOr<ExportOutcome> outcome = writer_->Write(request_.batch());
    if (!outcome.ok()) return ToWriteStatus(outcome.status(), retry_after_ms());
    durable_ = std::max(durable_, number);
    v1::Acknowledged* const acknowledged = response_.mutable_acknowledged();
    acknowledged->set_durable_number(durable_);
    acknowledged->set_rejected_records(outcome->rejected);
    acknowledged->set_error_message(outcome->message);
    return grpc::Status::OK;
  }

  Backend& backend_;
  const std::string tenant_name_;
  // Used by one step at a time.
  Request request_;
  v1::StreamResponse response_;
  std::string source_;
  std::optional<Writer> writer_;
  uint64_t durable_ = 0;

  Mutex mutex_;
  bool working_ ABSL_GUARDED_BY(mutex_) = false;  // A worker has the stream.
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<grpc::Status> end_after_work_ ABSL_GUARDED_BY(mutex_);
};

class IngestService final : public v1::IngestService::CallbackService {
 public:
  IngestService(storage::Storage* storage, const Clock* clock, Admission* admission,
                ThreadPool* workers)
      : backend_{*storage, *clock, *admission, *workers, {}} {}

  grpc::ServerBidiReactor<v1::StreamMetricsRequest, v1::StreamResponse>* StreamMetrics(
      grpc::CallbackServerContext* context) override {
    return new Stream<v1::StreamMetricsRequest, MetricBatchWriter>(&backend_, context);
  }
  grpc::ServerBidiReactor<v1::StreamLogsRequest, v1::StreamResponse>* StreamLogs(
      grpc::CallbackServerContext* context) override {
    return new Stream<v1::StreamLogsRequest, LogBatchWriter>(&backend_, context);
  }

 private:
  Backend backend_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeIngestService(storage::Storage* storage, const Clock* clock,
                                                 Admission* admission, ThreadPool* workers) {
  return std::make_unique<IngestService>(storage, clock, admission, workers);
}

}  // namespace vigil::collector
