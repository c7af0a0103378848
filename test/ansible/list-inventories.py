# Answers each line of the standard input, the path of an inventory, with one line: the exit code, the output and
# the errors of `ansible-inventory -i PATH --list`. It is that program's own code, in a process of its own for each inventory;
# only loading it, which takes most of its time, happens once.
import json
import os
import sys
import tempfile

from ansible.cli.inventory import InventoryCLI


def run(path, out, errors):
    os.dup2(out.fileno(), 1)
    os.dup2(errors.fileno(), 2)
    code = 1
    try:
        InventoryCLI(["ansible-inventory", "-i", path, "--list"]).run()
    except SystemExit as end:
        code = end.code or 0
    except Exception as error:
        print(error, file=sys.stderr)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def text(file):
    file.seek(0)
    return file.read().decode()


for line in sys.stdin:
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        child = os.fork()
        if child == 0:
            run(line.rstrip("\n"), out, errors)
        _, status = os.waitpid(child, 0)
        print(json.dumps([os.waitstatus_to_exitcode(status), text(out), text(errors)]), flush=True)
