"""`countersign definitions`: the cloud's actions as they ship, and as an operator imports and compares them."""

import gzip
import re
import subprocess

import pytest

from harness.process import run
from harness.world import REPOSITORY

SHIPPED = REPOSITORY / "config/definitions/data"
VECTORS = REPOSITORY / "tests/vectors/definitions"

# What people who looked through the vendor's documents say: not what a name begins with.
EFFECTS = {
    "read": ["vpc:DescribeVpcs", "vpc:DescribeVpcTaskResult", "cvm:DescribeInstances", "cvm:InquiryPriceRunInstances",
             "clb:DescribeLoadBalancers", "cam:ListUsers", "cam:GetPolicy", "cbs:DescribeDisks", "monitor:GetMonitorData",
             "sts:GetCallerIdentity", "tke:DescribeClusters"],
    "change": ["vpc:DetachClassicLinkVpc", "vpc:CreateSecurityGroupPolicies", "vpc:DeleteVpc", "cvm:RunInstances",
               "cvm:TerminateInstances", "cvm:ExportImages", "cam:CreateAccessKey", "sts:AssumeRole",
               "vpc:CheckAssistantCidr", "essbasic:DescribeChannelSealPolicyWorkflowUrl", "gs:FetchAndroidInstancesLogs",
               "weilingwith:DescribeFileUploadURL", "cpdp:QueryMaliciousRegistration"],
    "secret": ["cvm:DescribeInstanceVncUrl", "tke:DescribeClusterKubeconfig", "tke:DescribeClusterSecurity",
               "tke:DescribeEKSClusterCredential", "sts:GetFederationToken", "sts:GetSessionToken",
               "monitor:DescribePrometheusInstances", "ssm:GetSSHKeyPairValue", "ssm:GetSecretValue",
               "lighthouse:DescribeInstanceVncUrl", "lighthouse:DescribeKeyPairs"],
}


def definitions(*arguments):
    return run("definitions", *map(str, arguments))


def shipped(service):
    done = definitions("list", "--from", SHIPPED, service)
    assert done.returncode == 0, done.stderr
    return dict(line.split()[:3:2] for line in done.stdout.splitlines())


def test_every_service_and_action_is_there():
    done = definitions("list", "--from", SHIPPED)
    rows = [line.split() for line in done.stdout.splitlines()]
    assert done.returncode == 0 and done.stderr == ""
    assert len(rows) == 296 and len({row[0] for row in rows}) == 258
    assert sum(int(row[2]) for row in rows) == 15210
    assert {(row[0], row[1]): int(row[2]) for row in rows}[("vpc", "2017-03-12")] == 448


def test_effects_are_what_people_found():
    found = {}
    for name in {name.split(":")[0] for names in EFFECTS.values() for name in names}:
        found.update(shipped(name))
    wrong = {name: (effect, found.get(name)) for effect, names in EFFECTS.items() for name in names
             if found.get(name) != effect}
    assert not wrong


def test_names_that_read_are_four_in_ten():
    """6,640 of 15,210 by the words alone; those with a secret answer are 163 by another count, in 70 services."""
    rows = [line.split() for line in definitions("list", "--from", SHIPPED).stdout.splitlines()]
    read, secret = (sum(int(row[at]) for row in rows) for at in (4, 8))
    assert 6600 <= read + secret <= 6700 and 130 <= secret <= 200


def test_size_and_origin():
    files = sorted(SHIPPED.iterdir())
    assert sum(file.stat().st_size for file in files) < 8_000_000
    assert sum(len(gzip.compress(file.read_bytes(), 9)) for file in files) < 3_000_000
    for file in files:
        head = file.read_text()[:400].split("\n")
        assert re.match(r"source https://github\.com/TencentCloud/tencentcloud-cli tccli/services/\w+/v\d{8}/api\.json$",
                        head[2]), file
        assert head[3] == "license Apache-2.0"


def test_import_makes_what_is_read(tmp_path):
    done = definitions("import", "--to", tmp_path, VECTORS / "api.json")
    assert done.returncode == 0 and "3 actions, 7 objects" in done.stdout
    made = tmp_path / "zoo-20200102.txt"
    assert made.read_bytes() == (VECTORS / "zoo-20200102.txt").read_bytes()
    assert [file.name for file in tmp_path.iterdir()] == ["zoo-20200102.txt"]
    packed = tmp_path / "packed"
    packed.mkdir()
    (packed / "zoo-20200102.txt.gz").write_bytes(gzip.compress(made.read_bytes()))
    for folder in (tmp_path, packed):
        done = definitions("show", "--from", folder, "zoo", "FeedAnimal")
        assert done.returncode == 0 and "  Id string, required\n" in done.stdout and "zoo:FeedAnimal, version 2020-01-02, change" in done.stdout
    assert definitions("diff", made, VECTORS / "api.json").returncode == 0


def test_import_goes_on_behind_a_bad_file(tmp_path):
    bad = tmp_path / "bad.json"
    bad.write_text((VECTORS / "api.json").read_text()[:-40])
    done = definitions("import", "--to", tmp_path, bad, VECTORS / "api.json")
    assert done.returncode == 1 and "bad.json" in done.stderr and (tmp_path / "zoo-20200102.txt").exists()


def test_import_to_where_nothing_can_be_written(tmp_path):
    """It is said, nothing is left behind, and a file that is there stays as it was."""
    done = definitions("import", "--to", tmp_path / "nowhere", VECTORS / "api.json")
    assert done.returncode == 1 and done.stdout == ""
    assert f"{tmp_path}/nowhere/zoo-20200102.txt.new: No such file or directory" in done.stderr
    (tmp_path / "zoo-20200102.txt").mkdir()
    done = definitions("import", "--to", tmp_path, VECTORS / "api.json")
    assert done.returncode == 1 and f"{tmp_path}/zoo-20200102.txt: Is a directory" in done.stderr
    assert [each.name for each in tmp_path.iterdir()] == ["zoo-20200102.txt"]
    done = definitions("import", "--to", "x" * 5000, VECTORS / "api.json")
    assert done.returncode == 1 and "the name of the folder is too long" in done.stderr


def test_an_effect_that_its_name_does_not_tell(tmp_path):
    """config/definitions/exceptions.txt is what people found; the import follows it."""
    rows = [line.split() for line in (REPOSITORY / "config/definitions/exceptions.txt").read_text().splitlines()
            if line and not line.startswith("#")]
    assert rows
    for service, action, effect in rows:
        text = (VECTORS / "api.json").read_text().replace("FeedAnimal", action).replace("zoo", service)
        (tmp_path / "api.json").write_text(text)
        done = definitions("import", "--to", tmp_path, tmp_path / "api.json")
        assert done.returncode == 0, done.stderr
        shown = definitions("list", "--from", tmp_path, service).stdout
        assert re.search(rf"^\S*{action}\s.*\b{effect}\b", shown, re.M), shown
        (tmp_path / f"{service}-20200102.txt").unlink()


@pytest.mark.parametrize("spoil, message", [
    (lambda data: data[:len(data) // 2], "it is cut"),
    (lambda data: data[:-1], "it is cut"),
    (lambda data: data + b"x", "it is cut"),
    (lambda data: b"not gzip at all", "not compressed by gzip"),
    (lambda data: gzip.compress(b"countersign-definitions 1\n"), "its last line is missing"),
    (lambda data: gzip.compress(b"\0" * (40 << 20)), "too large"),
    (lambda data: b"", "not compressed by gzip"),
], ids=["half", "a byte less", "a byte more", "plain", "head alone", "a bomb", "empty"])
def test_a_packed_file_that_is_bad(tmp_path, spoil, message):
    file = tmp_path / "zoo-20200102.txt.gz"
    file.write_bytes(spoil(gzip.compress((VECTORS / "zoo-20200102.txt").read_bytes())))
    done = definitions("list", "--from", tmp_path, "zoo")
    assert done.returncode == 1 and message in done.stderr and str(file) in done.stderr


def test_both_forms_of_one_file_are_an_error(tmp_path):
    data = (VECTORS / "zoo-20200102.txt").read_bytes()
    (tmp_path / "zoo-20200102.txt").write_bytes(data)
    (tmp_path / "zoo-20200102.txt.gz").write_bytes(gzip.compress(data))
    done = definitions("list", "--from", tmp_path)
    assert done.returncode == 1 and "are the same: keep one" in done.stderr


CHANGES = [
    (("FeedAnimal change", "FeedAnimal change deprecated"), "zoo:FeedAnimal: was online and is deprecated"),
    (("GetCageKey secret", "GetCageKey read"), "zoo:GetCageKey: was secret and is read"),
    (("Id:string!", "Id:int64!"), "zoo:FeedAnimal: request Id was string and is int64"),
    (("Amounts:[int64]!", "Amounts:int64!"), "zoo:FeedAnimal: request Amounts was a list of int64 and is int64"),
    (("Amounts:[int64]!", "Amounts:[int64]"), "zoo:FeedAnimal: request Amounts is not required any more"),
    (("Born:date", "Born:date!"), "zoo:FeedAnimal: request Food.Born became required"),
    (("Born:date", "Born:date Name:string!"), "zoo:FeedAnimal: request Food.Name came, and is required"),
    (("Weight:float ", ""), "zoo:FeedAnimal: request Weight went"),
    (("Old:bool-", "Old:bool"), "zoo:FeedAnimal: request Old is not disabled any more"),
    (("DoorPassword:string", "DoorPassword:string Lock:string"), "zoo:GetCageKey: answer Cage.Lock came"),
]


@pytest.mark.parametrize("change, line", CHANGES, ids=[line for _, line in CHANGES])
def test_diff_says_what_changed(tmp_path, change, line):
    old = VECTORS / "zoo-20200102.txt"
    new = tmp_path / "zoo-20200102.txt"
    assert change[0] in old.read_text()
    new.write_text(old.read_text().replace(*change))
    done = definitions("diff", old, new)
    assert done.returncode == 1 and done.stdout.splitlines() == [line]


def test_diff_of_folders(tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    new.mkdir()
    text = (VECTORS / "zoo-20200102.txt").read_text()
    (old / "zoo-20200102.txt").write_text(text)
    (new / "zoo-20200102.txt.gz").write_bytes(gzip.compress(
        text.replace("action FeedAnimal", "action FeedBear").replace("object FeedAnimal", "object FeedBear").encode()))
    (old / "ark-20200102.txt").write_text(text.replace("service zoo", "service ark"))
    (new / "sea-20200102.txt").write_text(text.replace("service zoo", "service sea"))
    done = definitions("diff", old, new)
    assert done.returncode == 1
    assert done.stdout.splitlines() == ["ark-20200102: went", "sea-20200102: came", "zoo:FeedAnimal: went",
                                        "zoo:FeedBear: came"]
    assert definitions("diff", old, old).returncode == 0


@pytest.mark.parametrize("arguments, message", [
    (("list", "--from", SHIPPED, "nosuch"), "has no service 'nosuch'"),
    (("list", "--from", "/nonexistent"), "No such file"),
    (("show", "--from", SHIPPED, "vpc", "NoSuchAction"), "there is no action vpc:NoSuchAction"),
    (("show", "--from", SHIPPED, "--version", "2016-01-01", "vpc", "DescribeVpcs"), "of version 2016-01-01"),
    (("show", "--from", SHIPPED, "../vpc", "DescribeVpcs"), "there is no action"),
    (("diff", SHIPPED / "vpc-20170312.txt", SHIPPED / "cvm-20170312.txt"), "is of vpc, and"),
])
def test_what_is_not_there(arguments, message):
    done = definitions(*arguments)
    assert done.returncode == 1 and message in done.stderr and done.stdout == ""


@pytest.mark.parametrize("arguments", [(), ("export",), ("list", "a", "b"), ("show", "vpc"), ("import",), ("diff", "a"),
                                       ("list", "--to", "x"), ("show", "--from"), ("diff", VECTORS, VECTORS / "api.json")])
def test_wrong_usage(arguments):
    assert definitions(*arguments).returncode == 2
