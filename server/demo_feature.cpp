#include "server/demo_feature.h"

#include "server/product_routes.h"

namespace hubtrail::server {
namespace {

/// Thread: strand.
class DemoPart final : public host::LoopFeature {
public:
    DemoPart(PageHandler& page, DemoSession& session) : page_(page), session_(session) {}
    void add_routes(transport::RouteTable& routes) override {
        add_demo_routes(routes, &page_, &session_);
    }

private:
    PageHandler& page_;
    DemoSession& session_;
};

}  // namespace

std::unique_ptr<host::LoopFeature> DemoFeature::on_loop(const host::LoopScope&) {
    return std::make_unique<DemoPart>(page_, session_);
}

}  // namespace hubtrail::server
