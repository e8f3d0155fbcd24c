#pragma once

// The hub library: everything that a program with hubs needs. See docs/hubs.md.

#include "hub/code/convert.h"       // IWYU pragma: export
#include "hub/code/delay.h"         // IWYU pragma: export
#include "hub/code/exceptions.h"    // IWYU pragma: export
#include "hub/code/filter.h"        // IWYU pragma: export
#include "hub/code/hub.h"           // IWYU pragma: export
#include "hub/code/hub_context.h"   // IWYU pragma: export
#include "hub/code/methods.h"       // IWYU pragma: export
#include "hub/code/policy.h"        // IWYU pragma: export
#include "hub/code/stream.h"        // IWYU pragma: export
#include "hub/code/task.h"          // IWYU pragma: export
#include "hub/code/trace_parent.h"  // IWYU pragma: export
#include "hub/code/upload.h"        // IWYU pragma: export
#include "hub/code/worker_pool.h"   // IWYU pragma: export
#include "hub/host/hub_server.h"    // IWYU pragma: export

namespace hubtrail {

using hub::AuthorizationContext;
using hub::CallerContext;
using hub::CancellationToken;
using hub::Clients;
using hub::delay;
using hub::Groups;
using hub::Hub;
using hub::HubContext;
using hub::HubException;
using hub::HubFilter;
using hub::HubOptions;
using hub::HubServer;
using hub::HubServerOptions;
using hub::InvalidOperationException;
using hub::InvocationContext;
using hub::IOException;
using hub::Methods;
using hub::on_worker;
using hub::Operation;
using hub::OperationCanceledException;
using hub::parse_trace_parent;
using hub::RequestInfo;
using hub::Stream;
using hub::Task;
using hub::TraceParent;
using hub::Upload;
using hub::Value;
using transport::AuthenticationRefresh;
using transport::EndpointOptions;
using transport::HttpRequest;
using transport::HttpResponse;

}  // namespace hubtrail
