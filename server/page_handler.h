#pragma once

#include <map>
#include <string>

#include "base/file_system.h"
#include "transport/http_message.h"

namespace hubtrail::server {

inline constexpr std::size_t kPageFileBytesMax = 1024 * 1024;

/// Serves the files of the demo page, read once at start. Thread: strand; one instance may serve
/// every loop, it does not change.
class PageHandler final : public transport::HttpHandler {
public:
    /// Reads the named page files of `directory`; those that are missing are answered with how to
    /// get them.
    PageHandler(FileSystem& files, const std::string& directory);

    void handle(transport::HttpRequest request, transport::HttpReply reply) override;

private:
    struct File {
        std::string type;
        std::string content;
    };
    std::map<std::string, File, std::less<>> files_;
};

}  // namespace hubtrail::server
