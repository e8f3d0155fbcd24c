#include "server/cli_texts.h"

#include <functional>
#include <map>

#include "base/check.h"

namespace hubtrail::server {
namespace {

using Texts = std::map<std::string, VerbText, std::less<>>;

void add_main_verbs(Texts& texts) {
    texts["hubtrail"] = {
        "",
        "Hubtrail: a SignalR-compatible server whose hubs are tails of a durable log.",
        {"hubtrail serve --data ./data --demo",
         "hubtrail token --data ./data --tenant demo --sub me --site '*=admin'"},
        "'hubtrail VERB --help' shows the options of a verb."};
    texts["hubtrail serve"] = {
        "run the server",
        "Runs the server until Ctrl-C. Every setting can also stand in a TOML file or in a "
        "variable; "
        "flags win over variables, those over the file.",
        {"hubtrail serve --config hubtrail.toml --listen 127.0.0.1:8080 --data ./data"},
        ""};
    texts["hubtrail token"] = {
        "make an access token for a server on this machine",
        "Prints an access token, signed with the key that the server keeps in its data directory.",
        {"hubtrail token --data ./data --tenant demo --sub ann --site hq=admin --ttl 8h"},
        ""};
    texts["hubtrail watch"] = {
        "send what happens in a directory as events",
        "Sends each file that is created, changed, moved, renamed or deleted below DIR as an event "
        "of the stream 'files', until Ctrl-C.",
        {"hubtrail watch ./docs --site hq --state ~/.cache/docs.watch"},
        ""};
    texts["hubtrail demo-feed"] = {
        "send what happens in an invented building",
        "Sends entries and incidents of an invented building, until Ctrl-C or --count.",
        {"hubtrail demo-feed --site hq --rate 5 --count 1000"},
        ""};
    texts["hubtrail pull"] = {"print the events of the log, and go on where the last run ended",
                              "Prints each event as one line of JSON. With a cursor file, the next "
                              "run goes on where this "
                              "one ended.",
                              {"hubtrail pull --cursor-file events.cursor --stream files --follow"},
                              ""};
    texts["hubtrail check-config"] = {"show the settings in force, or what is wrong with them",
                                      "Reads the settings like 'serve' does, starts nothing, and "
                                      "prints what is in force and where "
                                      "each value came from; or every problem, with exit code 2.",
                                      {"hubtrail check-config --config hubtrail.toml"},
                                      ""};
    texts["hubtrail version"] = {"show versions",
                                 "Prints the versions of the program, compiler and libraries.",
                                 {"hubtrail version"},
                                 ""};
}

void add_bench_verbs(Texts& texts) {
    texts["hubtrail bench"] = {
        "load a server on this machine and measure it",
        "Loads a server on this machine, checks all that it receives, and prints what it measured. "
        "A loss is FAILED, with exit code 1.",
        {"hubtrail serve --bench-hub --data /tmp/bench",
         "hubtrail bench fanout --connections 1000 --per-turn 16"},
        "'hubtrail bench VERB --help' shows the options of a scenario."};
    texts["hubtrail bench connect"] = {
        "open connections: CPU of connect, upgrade and handshake",
        "Opens many connections and measures what each costs the server.",
        {"hubtrail bench connect --connections 10000 --server-pid $(pidof hubtrail)"},
        ""};
    texts["hubtrail bench idle"] = {
        "hold connections: memory of each, CPU of the pings",
        "Holds many idle connections and measures memory and CPU of the server.",
        {"hubtrail bench idle --connections 10000 --server-pid $(pidof hubtrail)"},
        ""};
    texts["hubtrail bench fanout"] = {
        "send each message to all connections",
        "Has the server send every message to all connections.",
        {"hubtrail bench fanout --connections 1000 --rounds 200 --per-turn 16"},
        ""};
    texts["hubtrail bench echo"] = {
        "call a method that answers with its argument",
        "Calls a hub method that answers with its argument, one call at a time on each connection.",
        {"hubtrail bench echo --connections 64 --seconds 5"},
        ""};
    texts["hubtrail bench touser"] = {
        "send messages to one user of many",
        "Has the server send messages to one of many users; the others must get none.",
        {"hubtrail bench touser --connections 5000 --rounds 2000"},
        ""};
    texts["hubtrail bench group"] = {
        "send messages to a group among many",
        "Has the server send messages to one group; the connections that are not in it must get "
        "none.",
        {"hubtrail bench group --connections 10000 --groups 1000 --members 100"},
        ""};
    texts["hubtrail bench stream"] = {
        "stream small items to each connection",
        "Calls a hub method that streams integers, once on each connection.",
        {"hubtrail bench stream --connections 64 --items 5000"},
        ""};
    texts["hubtrail bench append"] = {
        "append single events, acknowledged when durable",
        "Appends single events from many producers, each waiting for its acknowledgement.",
        {"HUBTRAIL_TOKEN=$(hubtrail token ...) hubtrail bench append --producers 128"},
        ""};
    texts["hubtrail bench catchup"] = {
        "read a long log from its beginning",
        "Reads the log from its beginning with one hub client; missing events are appended first.",
        {"HUBTRAIL_TOKEN=$(hubtrail token ...) hubtrail bench catchup --events 1000000"},
        ""};
}

Texts make_texts() {
    Texts texts;
    add_main_verbs(texts);
    add_bench_verbs(texts);
    return texts;
}

}  // namespace

const VerbText& verb_text(std::string_view full_name) {
    static const Texts texts = make_texts();
    const auto found = texts.find(full_name);
    HUBTRAIL_CHECK(found != texts.end(), "a verb without help");
    return found->second;
}

}  // namespace hubtrail::server
