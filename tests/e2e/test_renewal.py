"""Credential files that are replaced are read again when the cloud refuses what they had, without a reload."""

import os
import pathlib
import threading
import time

import pytest

from harness.expect import problem
from harness.gateway import configure, secret, Gateway
from harness.process import environment
from harness.upstream import Reply
from harness.world import REPOSITORY, SECRET_ID, SECRET_KEY, SLOW, eventually

OTHER_ID, OTHER_KEY = "AKIDanotherCredentialOfTheTests00001", "0therSecretKeyOfTheTests00000001"
WITHIN = 20 * SLOW      # a look happens every two seconds


def cloud_of(sandbox, folder, *accounts):
    """A sandbox that knows these accounts: (id, key) or (id, key, token)."""
    state = pathlib.Path(REPOSITORY, "sandbox/state.yaml").read_text()
    head, _, rest = state.partition("accounts:\n")
    _, _, rest = rest.partition("regions:")
    lines = "".join(f"  - {{ secret_id: {account[0]}, secret_key: {account[1]}"
                    + (f", token: {account[2]}" if len(account) > 2 else "") + " }\n" for account in accounts)
    (folder / "state.yaml").write_text(head + "accounts:\n" + lines + "regions:" + rest)
    return sandbox("--state", folder / "state.yaml")


def replace(path, text):
    secret(path.with_suffix(".new"), text)
    os.replace(path.with_suffix(".new"), path)


def works(gateway):
    return gateway.delete().status == 202


@pytest.mark.parametrize("generation", [2, 3])
def test_a_key_that_was_replaced(sandbox, start, tmp_path, generation):
    cloud = cloud_of(sandbox, tmp_path, (OTHER_ID, OTHER_KEY))
    url, host = (cloud.url, {}) if generation == 2 else (cloud.url.replace("/v2/index.php", "/"), {"generation": 3})
    gateway = start(url, **host)
    folder = gateway.file.parent
    problem(gateway.delete(), 502, "upstream-credential", outcome="not-executed")
    replace(folder / "secret_id", OTHER_ID)     # half of it, for as long as it takes
    problem(gateway.delete(), 502, "upstream-credential", outcome="not-executed")
    replace(folder / "secret_key", OTHER_KEY)
    assert eventually(lambda: works(gateway), WITHIN, 0.2)
    assert works(gateway) and "upstreams" not in gateway.ready()
    assert eventually(lambda: gateway.notices("was replaced, and has been read again"))
    assert not gateway.notices("cannot be read"), "files of other people's would be told"
    for word in (SECRET_KEY, OTHER_KEY, OTHER_ID):
        assert word not in gateway.words()


@pytest.mark.parametrize("source", ["file", "credential"])
def test_a_token_that_ended(sandbox, tmp_path, reaper, source):
    """As the keepers of temporary credentials do it; and as the caller sees it: the very call that was refused is sent
    again, once."""
    cloud = cloud_of(sandbox, tmp_path, (SECRET_ID, SECRET_KEY, "two"))
    folder = tmp_path / "secrets"
    folder.mkdir(0o700)
    for name, text in (("id", SECRET_ID), ("key", SECRET_KEY), ("token", "one")):
        secret(folder / name, text)
    credential = {part: {source: str(folder / name) if source == "file" else name}
                  for part, name in (("secret_id", "id"), ("secret_key", "key"), ("token", "token"))}
    gateway = Gateway(configure(tmp_path, cloud.url, credential=credential), environment(CREDENTIALS_DIRECTORY=folder))
    replace(folder / "token", "two")
    answer = gateway.delete()
    assert answer.status == 202 and gateway.record(answer)["attempts"] == 2
    answer = gateway.delete()
    assert answer.status == 202 and gateway.record(answer)["attempts"] == 1
    assert not gateway.notices("refuses credential"), "nothing to worry about"
    reaper.ask(gateway)


def test_what_did_not_change_is_not_sent_again(start, upstream):
    upstream.script(then=Reply({"code": 4104, "message": ""}))
    gateway = start(upstream.url)
    os.utime(gateway.file.parent / "secret_key")
    for _ in range(3):
        problem(gateway.delete(), 502, "upstream-credential", outcome="not-executed")
    upstream.seen(3)
    assert not gateway.notices("read again")


@pytest.mark.parametrize("wrong", ["", "two words", None, "open"])
def test_a_file_that_is_wrong_changes_nothing(start, upstream, wrong):
    upstream.script(then=Reply({"code": 4100, "message": ""}))
    gateway = start(upstream.url)
    key = gateway.file.parent / "secret_key"
    key.unlink()
    if wrong == "open":
        secret(key, OTHER_KEY, 0o644)
    elif wrong is not None:
        secret(key, wrong)
    for _ in range(2):
        problem(gateway.delete(), 502, "upstream-credential", outcome="not-executed")
    upstream.seen(2)
    assert eventually(lambda: len(gateway.notices("cannot be read again")) == 1)
    upstream.script(then=Reply())
    assert works(gateway), "the one that it has is used as before"


def test_the_spare_is_read_again_too(sandbox, start, tmp_path):
    gateway = start(cloud_of(sandbox, tmp_path, (SECRET_ID, OTHER_KEY)).url, spare=(OTHER_ID, OTHER_KEY))
    problem(gateway.delete(), 502, "upstream-credential", outcome="not-executed")
    replace(gateway.file.parent / "old_id", SECRET_ID)
    assert eventually(lambda: works(gateway), WITHIN, 0.2)


def test_a_reload_begins_with_what_the_files_have(sandbox, start, tmp_path):
    gateway = start(cloud_of(sandbox, tmp_path, (OTHER_ID, OTHER_KEY)).url)
    replace(gateway.file.parent / "secret_id", OTHER_ID)
    replace(gateway.file.parent / "secret_key", OTHER_KEY)
    assert works(gateway)
    gateway.reload()
    answer = gateway.delete()
    assert answer.status == 202 and gateway.record(answer)["attempts"] == 1


def test_an_answer_that_repeats_the_new_one_is_withheld(start, upstream):
    """What is looked for in answers is what was signed with."""
    gateway = start(upstream.url)
    replace(gateway.file.parent / "secret_key", OTHER_KEY)
    upstream.script(Reply({"code": 4100, "message": ""}),
                    then=Reply({"code": 4000, "message": f"the key was {OTHER_KEY}"}))
    answer = gateway.delete()
    assert answer.status == 400 and OTHER_KEY.encode() not in answer.body
    assert OTHER_KEY not in gateway.words()


def test_many_calls_while_it_is_replaced(sandbox, start, tmp_path):
    """The cloud takes another key from one moment to the next; the files follow.  All are served again, and no call is
    executed twice: the sandbox says 4500 to a nonce that it saw."""
    cloud = cloud_of(sandbox, tmp_path, (OTHER_ID, OTHER_KEY))
    gateway = start(cloud.url)
    folder = gateway.file.parent
    ended = threading.Event()
    statuses = []

    def call():
        while not ended.is_set():
            statuses.append(gateway.delete().status)

    callers = [threading.Thread(target=call) for _ in range(6)]
    for caller in callers:
        caller.start()
    try:
        eventually(lambda: len(statuses) > 20)
        replace(folder / "secret_id", OTHER_ID)
        replace(folder / "secret_key", OTHER_KEY)
        assert eventually(lambda: statuses[-12:] == [202] * 12, WITHIN)
    finally:
        ended.set()
        for caller in callers:
            caller.join()
    assert set(statuses) == {202, 502}


def test_a_disk_that_hangs_holds_no_call(start, upstream, tmp_path):
    """The file is a FIFO by then, which nobody writes to: it is no regular file, and nobody waits for it."""
    upstream.script(then=Reply({"code": 4100, "message": ""}))
    gateway = start(upstream.url)
    key = gateway.file.parent / "secret_key"
    key.unlink()
    os.mkfifo(key, 0o600)
    began = time.monotonic()
    problem(gateway.delete(), 502, "upstream-credential", outcome="not-executed")
    assert time.monotonic() - began < 5 * SLOW
    assert eventually(lambda: gateway.notices("is not a regular file"))
