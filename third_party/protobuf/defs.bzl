"""C++ code from .proto files, made by the system's protoc and gRPC plug-in."""

def _outputs(src, grpc):
    stem = src[:-len(".proto")]
    kinds = [".pb"] + ([".grpc.pb"] if grpc else [])
    return [stem + kind + ext for kind in kinds for ext in [".h", ".cc"]]

def vigil_proto_library(name, srcs, deps = [], grpc = False, **kwargs):
    """A cc_library of the code generated from `srcs`.

    Args:
      name: the library's name.
      srcs: .proto files of this package, given relative to it.
      deps: other vigil_proto_library targets whose files are imported.
      grpc: whether the files hold services.
      **kwargs: passed on to cc_library.
    """
    root = native.package_name()
    outs = [out for src in srcs for out in _outputs(src, grpc)]
    native.filegroup(
        name = name + "_protos",
        srcs = srcs + [dep + "_protos" for dep in deps],
    )
    plugin = " --grpc_out=$(GENDIR)/" + root + " --plugin=protoc-gen-grpc=/usr/bin/grpc_cpp_plugin" if grpc else ""
    paths = " ".join(["$(location %s)" % src for src in srcs])
    native.genrule(
        name = name + "_code",
        srcs = [":" + name + "_protos"] + srcs,
        outs = outs,
        cmd = "protoc -I" + root + " --cpp_out=$(GENDIR)/" + root + "" + plugin + " " + paths,
        message = "Generating C++ from " + name,
    )
    native.cc_library(
        name = name,
        srcs = [out for out in outs if out.endswith(".cc")],
        hdrs = [out for out in outs if out.endswith(".h")],
        copts = ["-w"],
        includes = ["."],
        deps = deps + ["@system//:grpc" if grpc else "@system//:protobuf"],
        **kwargs
    )
