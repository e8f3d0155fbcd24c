#include "server/cli_texts.h"

#include <functional>
#include <map>

#include "base/check.h"
#include "bench/scenarios.h"

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
    for (const auto& scenario : bench::scenarios()) {
        texts["hubtrail bench " + scenario.name] = {
            scenario.summary, scenario.about, {scenario.example}, ""};
    }
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
