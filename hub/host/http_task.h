#pragma once

#include <functional>
#include <memory>

#include "hub/code/hub_loop.h"
#include "hub/code/task.h"
#include "transport/http_message.h"

namespace hubtrail::hub {

using HttpFunction = std::function<Task<transport::HttpResponse>(transport::HttpRequest)>;

/// Serves plain requests by a coroutine. `function` and `loop` must outlive it and its requests.
/// Thread: strand.
std::unique_ptr<transport::HttpHandler> make_http_task(const HttpFunction& function, HubLoop& loop);

}  // namespace hubtrail::hub
