"""The generator's tests: each rule by a table, and the exact output for the handmade model in golden/.

UPDATE_GOLDEN=1 records the output anew; look at the difference before it is committed."""
import os
import pathlib
import tempfile
import unittest

import emit_table
import generate
import honoured
import model
import names
import operations_list
import patterns

GOLDEN = pathlib.Path(__file__).parent / "golden"


def load(listed):
    raw = model.read_model(GOLDEN / "models", "sample", GOLDEN / "patches")
    return model.Model("sample", raw, operations_list.parse(listed, "operations.list"))


class Names(unittest.TestCase):
    def test_members_become_snake_case(self):
        for name, expected in {"RunInstances": "run_instances", "DBInstanceARNs": "db_instance_arns",
                               "IPv6Native": "ipv6_native", "ETag": "e_tag", "MD5OfBody": "md5_of_body",
                               "delete": "delete_", "VpcIds": "vpc_ids", "ListObjectsV2": "list_objects_v2",
                               "x-amz": "x_amz", "2FA": "n2_fa"}.items():
            self.assertEqual(names.snake_case(name), expected)

    def test_values_become_constants(self):
        for value, expected in {"CREATE_COMPLETE": "kCreateComplete", "t2.micro": "kT2Micro",
                                "aws:kms": "kAwsKms", "running": "kRunning", "AES256": "kAes256"}.items():
            self.assertEqual(names.constant(value), expected)

    def test_literals_are_escaped(self):
        self.assertEqual(names.literal('a"\\\n??ä'), '"a\\"\\\\\\012\\?\\?\\303\\244"')


class OperationsList(unittest.TestCase):
    def test_modes_follow_the_name_unless_said(self):
        listed = operations_list.parse("GetX\nPutX\nDescribeX write\nInvoke waits\n", "l")
        self.assertEqual([entry.mode for entry in listed.entries], ["Read", "Write", "Write", "Waits"])

    def test_mistakes_name_the_line(self):
        for text in ("GetX wait", "\nGetX\nGetX", "GetX keeps:", "GetX body_bytes_max:much"):
            with self.assertRaisesRegex(operations_list.ListError, r"^l:\d"):
                operations_list.parse(text, "l")

    def test_the_model_has_to_know_what_is_listed(self):
        for text, message in {"Nope": "no operation", "PutItem keeps:Nope": "no", "keeps: Tag.Nope\nPutItem": "such",
                              "Watch": "event stream"}.items():
            with self.assertRaisesRegex(model.ModelError, message):
                listed = load(text)
                listed.kept()


class Model(unittest.TestCase):
    def test_merge_patches_follow_rfc_7396(self):
        self.assertEqual(model.merge_patch({"a": {"b": 1, "c": 2}, "d": [1]}, {"a": {"b": None, "e": 3}, "d": [2]}),
                         {"a": {"c": 2, "e": 3}, "d": [2]})

    def test_each_structure_comes_after_those_it_holds(self):
        ordered = load("PutItem\nDescribeNode").in_order()
        self.assertLess(ordered.index("Choice"), ordered.index("Item"))
        self.assertLess(ordered.index("Item"), ordered.index("PutItemRequest"))


class Honoured(unittest.TestCase):
    def test_only_reads_by_code_count(self):
        text = 'a.read; b->also; &C::pointer; /* x.no */ // y.no\n {.written = 1}; z.compared == 2; "s.no"'
        self.assertEqual(honoured.read_members([text]), {"read", "also", "pointer", "compared"})


class Patterns(unittest.TestCase):
    def test_java_becomes_re2(self):
        for java, re2 in {r"a\u002Db": r"a\x{002D}b", "(?!x(y)[)])a": "a", "a{1,2000}": "a{1,}", r"(a)\1": None,
                          r"\p{ASCII}": r"[\x00-\x7F]", r"[\p{Print}]": r"[\x20-\x7E]", "a{2}+": "a{2}",
                          "[a{2}+]": "[a{2}+]", r"\(?=": r"\(?="}.items():
            self.assertEqual(patterns.to_re2(java), re2)


class Migrations(unittest.TestCase):
    def test_numbers_have_no_gaps_and_nothing_stands_before(self):
        for text in ("-- migration 2\nx;", "CREATE TABLE x;", "-- migration 1\nx;\n-- migration 1\ny;"):
            with self.assertRaises(emit_table.MigrationError):
                emit_table.cut_migrations(text)
        self.assertEqual(emit_table.cut_migrations("-- about\n-- migration 1\na;\n-- migration 2: b\nb;\n"),
                         ["a;\n", "b;\n"])

    def test_a_new_database_gets_at_once_what_the_steps_come_to(self):
        steps = ["CREATE TABLE a (x TEXT, PRIMARY KEY (x)) STRICT;\nCREATE TABLE b (y TEXT);\n",
                 "ALTER TABLE a ADD COLUMN z TEXT NOT NULL DEFAULT '';\nDROP TABLE b;\nCREATE INDEX i ON a (z);\n"]
        self.assertEqual(emit_table.tables_of(steps),
                         "CREATE TABLE a (x TEXT, z TEXT NOT NULL DEFAULT '', PRIMARY KEY (x)) STRICT;\n"
                         "CREATE INDEX i ON a (z);\n")
        self.assertEqual(emit_table.tables_of([*steps, "INSERT INTO a VALUES ('1', '2');\n"]), "")


class Golden(unittest.TestCase):
    maxDiff = None

    def test_the_output_is_exactly_what_is_recorded(self):
        files = generate.generate("sample", GOLDEN / "services", GOLDEN / "models", GOLDEN / "patches")
        if os.environ.get("UPDATE_GOLDEN"):
            generate.write(GOLDEN / "expected" / "sample", files)
        recorded = {path.name: path.read_text() for path in (GOLDEN / "expected" / "sample").iterdir()}
        self.assertEqual(recorded.keys(), files.keys())
        for name, text in files.items():
            with self.subTest(name):
                self.assertMultiLineEqual(text, recorded[name])

    def test_what_has_not_changed_is_not_written(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "a.h"
            generate.write(path.parent, {"a.h": "x"})
            os.utime(path, (1, 1))
            generate.write(path.parent, {"a.h": "x"})
            self.assertEqual(path.stat().st_mtime, 1)
            generate.write(path.parent, {"a.h": "y"})
            self.assertNotEqual(path.stat().st_mtime, 1)


if __name__ == "__main__":
    unittest.main()
