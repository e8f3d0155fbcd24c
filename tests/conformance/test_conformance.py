#!/usr/bin/env python3
"""The runner itself: placeholders, the table of deviations, and each verdict."""
import pathlib
import tempfile
import sys
import unittest
from unittest import mock

import packed
import registry
import run
import session
import wire


def verdict(wanted, got, reason=None, accepted=None, own=False):
    tally = run.Tally()
    with mock.patch.object(run, "say"):
        run.judge(tally, registry.Script("theme.name", None, own=own), wanted, got, reason, accepted)
    return not tally.failures


class Verdicts(unittest.TestCase):
    def test_alike_passes_and_unlike_fails(self):
        self.assertTrue(verdict(["a"], ["a"]))
        self.assertFalse(verdict(["a"], ["b"]))

    def test_without_a_reference_transcript_it_fails(self):
        self.assertFalse(verdict(None, ["a"]))

    def test_a_listed_deviation_passes_only_as_accepted(self):
        self.assertTrue(verdict(["a"], ["b"], "why", ["b"]))
        self.assertFalse(verdict(["a"], ["c"], "why", ["b"]))
        self.assertFalse(verdict(["a"], ["b"], "why", None))

    def test_a_listed_deviation_that_is_gone_fails(self):
        self.assertFalse(verdict(["a"], ["a"], "why", ["b"]))

    def test_our_own_scripts_judge_themselves(self):
        self.assertTrue(verdict(None, ["x"], own=True))
        self.assertFalse(verdict(None, ["(script failed: x)"], own=True))


class Deviations(unittest.TestCase):
    def read(self, text):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "deviations.md"
            path.write_text(text, encoding="utf-8")
            with mock.patch.object(run, "DEVIATIONS", path):
                return run.deviations(["a.one", "a.two", "b.one"])

    def test_names_and_patterns(self):
        wanted, unknown = self.read("| script | d | why |\n|---|---|---|\n| `a.*` | x | y |\n| `b.one` | x | z |\n")
        self.assertEqual(sorted(wanted), ["a.one", "a.two", "b.one"])
        self.assertEqual(unknown, [])

    def test_a_name_without_a_script_is_told(self):
        self.assertEqual(self.read("| `c.*` | x | y |\n")[1], ["c.*"])


class Placeholders(unittest.TestCase):
    def test_ids_in_order_of_appearance(self):
        run_ = session.Session("http://127.0.0.1:9/")
        first, second = "A" * 21 + "x", "B" * 21 + "y"
        for line in (second, first, f"{second}/{first}"):
            run_.note(line)
        self.assertEqual(run_.lines, ["<id1>", "<id2>", "<id1>/<id2>"])

    def test_names_tokens_and_the_host(self):
        run_ = session.Session("http://127.0.0.1:9/")
        run_.note(f"{run_.name('gate')} {session.jwt(sub='x')} http://127.0.0.1:9/x")
        self.assertEqual(run_.lines, ["<gate> <jwt> http://<host>/x"])


class Frames(unittest.TestCase):
    def test_a_message_that_ends_in_half_a_record_is_told(self):
        channel = wire.Channel()
        channel.take(b"one\x1etwo")
        self.assertEqual(channel.events.get_nowait(), ("record", "one"))
        self.assertIn("cut", channel.events.get_nowait()[1])

    def test_masked_frames_are_what_they_hold(self):
        for size in (0, 1, 125, 126, 65535, 65536):
            data = wire.frame(wire.TEXT, b"x" * size)
            self.assertEqual(data[0], 0x81)
            mask, body = data[-size - 4:len(data) - size], data[len(data) - size:]
            self.assertEqual(bytes(b ^ mask[i % 4] for i, b in enumerate(body)), b"x" * size)


class Packed(unittest.TestCase):
    VALUES = (None, True, False, 0, 127, 128, 65536, 2 ** 63, -1, -32, -33, -129, -2 ** 40, 0.5, "", "ä", "x" * 32,
              "x" * 256, b"", b"x" * 256, [], [1] * 16, {"a": [{}]}, {str(i): i for i in range(16)})

    def test_what_is_packed_is_read_back(self):
        for value in self.VALUES:
            _, read, end = packed._value(packed.pack(value), 0)
            self.assertEqual((read, end), (value, len(packed.pack(value))))

    def test_other_bytes_have_another_text(self):
        for one, *others in (("07", "cc07", "cd0007", "ce00000007", "cf0000000000000007", "d007", "d30000000000000007"),
                             ("a161", "d90161", "da000161", "db0000000161", "c40161", "c5000161"),
                             ("9101", "dc000101", "dd0000000101"), ("81a16101", "de0001a16101", "df00000001a16101"),
                             ("cb3ff8000000000000", "ca3fc00000"), ("d6ff386d4380", "c704ff386d4380", "d601386d4380"),
                             ("06", "0600", "c1", "9206")):
            texts = [packed.show(bytes.fromhex(each)) for each in (one, *others)]
            self.assertEqual(len(set(texts)), len(texts), texts)

    def test_records_are_cut_where_their_lengths_say(self):
        data = packed.framed(packed.pack([6])) * 2 + b"\x82\x00\x91\x06" + b"\x05\x91"
        self.assertEqual(packed.split(data), (["[6]", "[6]", "(length 8200) [6]"], b"\x05\x91"))

    def test_messages_have_the_form_of_json_too(self):
        for message in ({"type": 1, "invocationId": "1", "target": "T", "arguments": [1]},
                        {"type": 2, "invocationId": "1", "item": 1}, {"type": 3, "invocationId": "1", "result": 1},
                        {"type": 3, "invocationId": "1", "error": "x"}):
            self.assertEqual(packed.show(packed.hub_message(message)).message, message)


if __name__ == "__main__":
    program = unittest.main(exit=False)
    result = program.result
    wrong = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - wrong - len(result.skipped)} passed, {wrong} failed, {len(result.skipped)} skipped")
    sys.exit(1 if wrong else 0)
