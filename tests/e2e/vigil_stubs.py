# SPDX-License-Identifier: Apache-2.0
"""Python stubs of vigil's own protocol, made from proto/vigil/v1 when a test first asks for them.

They are not kept in the repository: what the tests speak is what the .proto files say today.
"""

import atexit
import os
import shutil
import sys
import tempfile

# Set before gRPC starts its threads: the tests start processes all the time, and its handlers of fork()
# would complain about each.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")

from grpc_tools import protoc  # noqa: E402 (after the environment is set)

from vigil_process import REPOSITORY  # noqa: E402


def _generate():
    directory = tempfile.mkdtemp(prefix="vigil-stubs-")
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    sources = REPOSITORY / "proto"
    files = [f"vigil/v1/{name}.proto" for name in ("ingest", "query", "alerts", "admin")]
    arguments = ["protoc", f"-I{sources}", f"--python_out={directory}", f"--grpc_python_out={directory}"]
    if protoc.main(arguments + files) != 0:
        raise RuntimeError("the stubs of proto/vigil/v1 cannot be generated")
    sys.path.insert(0, directory)


_generate()

from vigil.v1 import admin_pb2, admin_pb2_grpc, ingest_pb2, ingest_pb2_grpc  # noqa: E402,F401
from vigil.v1 import query_pb2, query_pb2_grpc  # noqa: E402,F401
