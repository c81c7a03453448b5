#!/usr/bin/env python3
"""A server of the protocol snnc.device.v1 around one executor. See README.md; the rules are docs/hil-protocol.md."""

import argparse
import hashlib
import importlib
import ipaddress
import pathlib
import queue
import secrets
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from concurrent import futures

import grpc

from executor import Unable
from program import VERSION

PROTO = pathlib.Path(__file__).resolve().parents[2] / "runtime-sim/device/device.proto"
PROTOCOL = 1
MESSAGE_BYTES, CHUNK_BYTES, PROGRAM_BYTES = 2**22, 2**20, 2**28
TIMESTEPS, WINDOW, LEASE_SECONDS, DEFAULT_LEASE = 1024, 64, 600, 60


def import_messages(proto):
    """Python messages from device.proto, made by protoc at every start: they always fit the library that is installed."""
    with tempfile.TemporaryDirectory() as folder:
        words = ["protoc", f"-I{proto.parent}", f"--python_out={folder}", proto.name]
        if shutil.which("protoc") is None:
            words[0:1] = [sys.executable, "-m", "grpc_tools.protoc"]
        subprocess.run(words, check=True)
        sys.path.insert(0, folder)
        # Bytes that are half a message are an error, not a warning.
        warnings.filterwarnings("error", category=RuntimeWarning, message=".*end-group")
        try:
            return importlib.import_module("device_pb2")
        finally:
            sys.path.remove(folder)


class Refusal(Exception):
    def __init__(self, status, message):
        super().__init__(message)
        self.status = getattr(grpc.StatusCode, status)


class Session:
    """Everything that a session has: lease, files, commands. Every method may raise Refusal."""

    def __init__(self, pb, executor, client, peer, seconds, files):
        self.pb, self.executor, self.client, self.peer, self.seconds = pb, executor, client, peer, seconds
        self.id = secrets.token_urlsafe(24)
        self.until = time.monotonic() + seconds
        self.files = files  # whole files of this and earlier sessions, by SHA-256
        self.plan, self.partial, self.stage = [], {}, pb.Position.STAGE_EMPTY
        self.recordings = {}
        self.begin()

    def begin(self):
        self.executed = self.acknowledged = self.clock = 0
        self.kept = {}  # sequence → (command, reply)
        self.broken = None

    def position(self):
        return self.pb.Position(
            stage=self.stage, executed=self.executed, acknowledged=self.acknowledged, timestep=self.clock
        )

    # Loading

    def load(self, request):
        part = request.WhichOneof("part")
        if part == "plan":
            return self.take_plan(request.plan.files)
        if part == "chunk":
            return self.take_chunk(request.chunk)
        if part == "commit":
            return self.commit()
        raise Refusal("INVALID_ARGUMENT", "neither plan nor chunk nor commit")

    def held(self, number):
        file = self.plan[number]
        whole = file.sha256 in self.files
        held = file.bytes if whole else len(self.partial.get(file.sha256, b""))
        return self.pb.HeldFile(file=number, held=held, verified=whole)

    def take_plan(self, files):
        if sum(file.bytes for file in files) > PROGRAM_BYTES:
            raise Refusal("RESOURCE_EXHAUSTED", f"more than {PROGRAM_BYTES} bytes of files")
        chips = [file.chip for file in files if file.kind == self.pb.PlannedFile.KIND_PROGRAM]
        if not chips or len(set(chips)) < len(chips):
            raise Refusal("INVALID_ARGUMENT", "a plan has one program for each chip")
        if any(len(file.sha256) != 32 or file.kind not in (1, 2) for file in files):
            raise Refusal("INVALID_ARGUMENT", "a file has a kind and a SHA-256 of 32 bytes")
        self.stage = self.pb.Position.STAGE_EMPTY
        self.plan = list(files)
        wanted = {file.sha256 for file in files}
        for store in (self.files, self.partial):
            for sha256 in [known for known in store if known not in wanted]:
                del store[sha256]
        return self.pb.LoadReply(files=[self.held(number) for number in range(len(files))])

    def take_chunk(self, chunk):
        if chunk.file >= len(self.plan):
            raise Refusal("INVALID_ARGUMENT", f"file {chunk.file} is not in the plan")
        if len(chunk.data) > CHUNK_BYTES:
            raise Refusal("RESOURCE_EXHAUSTED", f"a chunk of {len(chunk.data)} bytes; at most {CHUNK_BYTES}")
        file, held = self.plan[chunk.file], self.held(chunk.file).held
        if chunk.offset != held or held + len(chunk.data) > file.bytes:
            raise Refusal("OUT_OF_RANGE", f"file {chunk.file} goes on at byte {held} and has {file.bytes}")
        data = self.partial.setdefault(file.sha256, bytearray())
        data += chunk.data
        if len(data) == file.bytes and file.sha256 not in self.files:
            del self.partial[file.sha256]
            if hashlib.sha256(data).digest() != file.sha256:
                raise Refusal("DATA_LOSS", f"file {chunk.file} does not have the SHA-256 of the plan")
            self.files[file.sha256] = bytes(data)
        return self.pb.LoadReply(files=[self.held(chunk.file)])

    def commit(self):
        if not self.plan or any(file.sha256 not in self.files for file in self.plan):
            raise Refusal("FAILED_PRECONDITION", "commit before every file of the plan has arrived")
        self.stage = self.pb.Position.STAGE_EMPTY
        programs = [file for file in self.plan if file.kind == self.pb.PlannedFile.KIND_PROGRAM]
        try:
            self.executor.load({file.chip: self.files[file.sha256] for file in programs})
        except Unable as error:
            raise Refusal("FAILED_PRECONDITION", str(error)) from error
        except (ValueError, IndexError, KeyError, OverflowError) as error:
            raise Refusal("INVALID_ARGUMENT", f"it is no program: {error}") from error
        self.stage = self.pb.Position.STAGE_LOADED
        self.begin()
        return self.pb.LoadReply(booted=True)

    # Configuring

    def configure(self, request):
        self.need(self.pb.Position.STAGE_LOADED, "nothing is loaded")
        recordings = {}
        for recording in request.recordings:
            if recording.population >= len(self.executor.population_sizes) or recording.population in recordings:
                raise Refusal("INVALID_ARGUMENT", f"there is no population {recording.population}, or it is there twice")
            if recording.states or recording.neurons:
                raise Refusal("UNIMPLEMENTED", "this device reads no states")
            if recording.form not in (self.pb.Recording.FORM_HASH, self.pb.Recording.FORM_SPIKES):
                raise Refusal("INVALID_ARGUMENT", "a recording is a hash or spikes")
            recordings[recording.population] = recording.form
        self.recordings = recordings
        self.stage = self.pb.Position.STAGE_CONFIGURED
        return self.reset()

    def reset(self):
        self.need(self.pb.Position.STAGE_CONFIGURED, "nothing is configured")
        self.begin()
        self.executor.restart()
        return self.position()

    def need(self, stage, message):
        if self.stage < stage:
            raise Refusal("FAILED_PRECONDITION", message)

    # Running

    def run(self, request):
        """The reply, or None for an acknowledgement alone."""
        self.need(self.pb.Position.STAGE_CONFIGURED, "nothing is configured")
        if request.acknowledged > self.executed:
            raise Refusal("OUT_OF_RANGE", f"reply {request.acknowledged} is acknowledged before it was given")
        for sequence in range(self.acknowledged + 1, request.acknowledged + 1):
            del self.kept[sequence]
        self.acknowledged = max(self.acknowledged, request.acknowledged)
        if request.sequence == 0:
            return None
        command = (request.silent, request.WhichOneof("command"), request.advance.SerializeToString(deterministic=True))
        if request.sequence <= self.executed:
            return self.repeat(request.sequence, command)
        if request.sequence > self.executed + 1:
            raise Refusal("OUT_OF_RANGE", f"command {self.executed + 1} is missing")
        if self.executed - self.acknowledged >= WINDOW:
            raise Refusal("RESOURCE_EXHAUSTED", f"{WINDOW} replies wait to be acknowledged")
        if self.broken:
            raise Refusal("FAILED_PRECONDITION", f"{self.broken}; reset first")
        reply = self.execute(request)
        self.executed = request.sequence
        self.kept[request.sequence] = (command, reply)
        return reply

    def repeat(self, sequence, command):
        if sequence not in self.kept:
            raise Refusal("FAILED_PRECONDITION", f"reply {sequence} was acknowledged and is no longer kept")
        if self.kept[sequence][0] != command:
            raise Refusal("INVALID_ARGUMENT", f"command {sequence} was executed before, but it was another one")
        return self.kept[sequence][1]

    def execute(self, request):
        kind = request.WhichOneof("command")
        if kind is None:
            raise Refusal("INVALID_ARGUMENT", f"command {request.sequence} says nothing to do")
        reply = self.pb.RunReply(sequence=request.sequence)
        inputs = self.inputs_of(request.advance) if kind == "advance" else {}
        self.broken = f"command {request.sequence} failed half way"
        if kind == "restart":
            self.executor.restart()
            self.clock = 0
        else:
            for emissions, readouts in self.executor.advance(request.advance.timesteps, inputs):
                if not request.silent:
                    self.record(reply, emissions, readouts)
                self.clock += 1
        self.broken = None
        reply.timestep = self.clock
        return reply

    def inputs_of(self, advance):
        """Whatever is wrong is said before anything is executed."""
        if not 1 <= advance.timesteps <= TIMESTEPS:
            raise Refusal("INVALID_ARGUMENT", f"{advance.timesteps} timesteps in one command; from 1 to {TIMESTEPS}")
        inputs = {}
        for given in advance.inputs:
            elements, values = list(given.elements), list(given.values)
            if given.offset >= advance.timesteps or given.offset in inputs:
                raise Refusal("INVALID_ARGUMENT", f"a second input at offset {given.offset}, or beyond the timesteps")
            if len(elements) != len(values):
                raise Refusal("INVALID_ARGUMENT", f"an input of {len(elements)} elements and {len(values)} values")
            if elements != sorted(set(elements)) or (elements and elements[-1] >= self.executor.input_size):
                raise Refusal("INVALID_ARGUMENT", f"input elements ascend and are below {self.executor.input_size}")
            sent = [(e, v) for e, v in zip(elements, values) if v != 0]
            inputs[given.offset] = ([e for e, _ in sent], [v for _, v in sent])
        return inputs

    def record(self, reply, emissions, readouts):
        for population, spikes in sorted(emissions.items()):
            form = self.recordings.get(population)
            if form is None:
                continue
            emission = reply.emissions.add(population=population, timestep=self.clock)
            if form == self.pb.Recording.FORM_SPIKES:
                emission.spikes.neurons.extend(neuron for neuron, _ in spikes)
                emission.spikes.payloads.extend(payload for _, payload in spikes)
            else:
                words = b"".join(
                    n.to_bytes(4, "little") + p.to_bytes(4, "little", signed=True) for n, p in spikes
                )
                emission.sha256 = hashlib.sha256(words).digest()
        for population, values in sorted(readouts.items()):
            reply.readouts.add(
                population=population,
                timestep=self.clock,
                neurons=[neuron for neuron, _ in values],
                values=[value for _, value in values],
            )


class Device:
    """The calls of the service. One lock: the chip does one thing at a time."""

    def __init__(self, pb, executor, clients=None):
        self.pb, self.executor, self.clients = pb, executor, clients
        self.boot = secrets.token_hex(8)
        self.started = time.monotonic()
        self.session = None
        self.files = {}
        self.lock = threading.Lock()
        self.streams = {}

    def holder(self):
        if self.session and time.monotonic() > self.session.until:
            self.session = None
        return self.session

    def enter(self, session, peer):
        own = self.holder()
        if own is None or not secrets.compare_digest(own.id.encode(), session.encode()):
            raise Refusal("NOT_FOUND", "no such session: its lease is over, or the device was restarted")
        if own.peer != peer:
            raise Refusal("PERMISSION_DENIED", "the session belongs to another client")
        own.until = time.monotonic() + own.seconds
        return own

    def peer_of(self, context):
        """The name in the client's certificate; None where there are none."""
        if self.clients is None:
            return None
        names = context.auth_context().get("x509_common_name", [])
        name = names[0].decode("utf-8", "replace") if names else None
        if name not in self.clients:
            raise Refusal("PERMISSION_DENIED", f"client {name!r} is not on the list of this device")
        return name

    # Calls: request, peer → reply

    def Describe(self, request, peer):
        limits = self.pb.Limits(
            message_bytes=MESSAGE_BYTES, chunk_bytes=CHUNK_BYTES, program_bytes=PROGRAM_BYTES,
            timesteps=TIMESTEPS, window=WINDOW, lease_seconds=LEASE_SECONDS,
        )  # fmt: skip
        return self.pb.Description(
            protocol=PROTOCOL, device=self.executor.device, firmware=self.executor.firmware,
            targets=self.executor.targets, program_versions=[VERSION],
            limits=limits, capabilities=self.pb.Capabilities(),
        )  # fmt: skip

    def Health(self, request, peer):
        own = self.holder()
        status = self.pb.HealthReport.STATUS_BUSY if own else self.pb.HealthReport.STATUS_READY
        left = max(1, int(own.until - time.monotonic() + 1)) if own else 0
        uptime = int(time.monotonic() - self.started)
        return self.pb.HealthReport(status=status, boot=self.boot, busy_seconds=left, uptime_seconds=uptime)

    def Open(self, request, peer):
        own = self.holder()
        if own:
            left = max(1, int(own.until - time.monotonic() + 1))
            raise Refusal("RESOURCE_EXHAUSTED", f"in use by {own.client}; the lease ends in {left} s unless it is renewed")
        seconds = min(request.lease_seconds or DEFAULT_LEASE, LEASE_SECONDS)
        client = "".join(c if c.isalnum() or c in " ._@-" else "?" for c in peer or request.client)[:64] or "somebody"
        self.session = Session(self.pb, self.executor, client, peer, seconds, self.files)
        return self.pb.Lease(session=self.session.id, lease_seconds=seconds, boot=self.boot)

    def Close(self, request, peer):
        self.enter(request.session, peer)
        self.session = None
        return self.pb.CloseReply()

    def Locate(self, request, peer):
        return self.enter(request.session, peer).position()

    def Load(self, request, peer):
        return self.enter(request.session, peer).load(request)

    def Configure(self, request, peer):
        return self.enter(request.session, peer).configure(request)

    def Reset(self, request, peer):
        return self.enter(request.session, peer).reset()

    def Run(self, request, peer):
        return self.enter(request.session, peer).run(request)

    def unable(self, request, peer):
        self.enter(request.session, peer)
        raise Refusal("UNIMPLEMENTED", "this device cannot do that")

    ReadSpikes = ReadMemory = ReadState = ReadCounters = ReadPower = unable

    # Bytes in, bytes out

    def answer(self, call, request_type, data, context):
        """Whatever the bytes are, an answer or a Refusal."""
        try:
            request = request_type.FromString(data)
        except Exception as error:  # what protobuf raises differs from version to version
            raise Refusal("INVALID_ARGUMENT", "the message cannot be read") from error
        with self.lock:
            reply = call(request, self.peer_of(context))
            if self.session:  # what took long was no silence
                self.session.until = max(self.session.until, time.monotonic() + self.session.seconds)
        return None if reply is None else reply.SerializeToString()

    def unary(self, call, request_type):
        def serve(data, context):
            try:
                return self.answer(call, request_type, data, context)
            except Refusal as refusal:
                context.abort(refusal.status, str(refusal))

        return grpc.unary_unary_rpc_method_handler(serve)

    def stream(self, name, call, request_type):
        """Messages are read beside, so that a newer stream of the session can end this one while it waits."""

        def serve(messages, context):
            inbox = queue.Queue(maxsize=WINDOW)

            def read():
                try:
                    for data in messages:
                        inbox.put(data)
                except Exception:  # the connection broke
                    pass
                inbox.put(None)

            threading.Thread(target=read, daemon=True).start()
            entered = False
            while True:
                data = inbox.get()
                if data is self:
                    context.abort(grpc.StatusCode.ABORTED, "a newer stream of this session took over")
                if data is None or not context.is_active():
                    return
                try:
                    reply = self.answer(call, request_type, data, context)
                except Refusal as refusal:
                    context.abort(refusal.status, str(refusal))
                if not entered:
                    entered = True
                    older, self.streams[name] = self.streams.get(name), inbox
                    if older is not None:
                        threading.Thread(target=older.put, args=(self,), daemon=True).start()
                if reply is not None:
                    yield reply

        return grpc.stream_stream_rpc_method_handler(serve)

    def handlers(self):
        methods = self.pb.DESCRIPTOR.services_by_name["Device"].methods
        handlers = {}
        for method in methods:
            call = getattr(self, method.name)
            request_type = getattr(self.pb, method.input_type.name)
            is_stream = method.name in ("Load", "Run")
            handlers[method.name] = (
                self.stream(method.name, call, request_type) if is_stream else self.unary(call, request_type)
            )
        return grpc.method_handlers_generic_handler("snnc.device.v1.Device", handlers)


def is_loopback(host):
    try:
        return host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def bind(server, address, certs):
    """Returns (port, names of clients that may come in, or None)."""
    host = address.rsplit(":", 1)[0]
    if certs is None:
        if not is_loopback(host):
            sys.exit(f"{address}: others could reach the device; give --certs (snnc device --init-certs makes them)")
        return server.add_insecure_port(address), None
    folder = pathlib.Path(certs)
    pair = ((folder / "server.key").read_bytes(), (folder / "server.crt").read_bytes())
    authority = (folder / "ca.crt").read_bytes()
    credentials = grpc.ssl_server_credentials([pair], authority, require_client_auth=True)
    return server.add_secure_port(address, credentials), set((folder / "clients.txt").read_text().split())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listen", default="127.0.0.1:50451", help="HOST:PORT; port 0: any free one")
    parser.add_argument("--executor", default="interpreter:Interpreter", help="MODULE:CLASS (default: %(default)s)")
    parser.add_argument("--certs", help="folder with ca.crt, server.crt, server.key and clients.txt")
    parser.add_argument("--proto", type=pathlib.Path, default=PROTO, help="device.proto")
    args = parser.parse_args()
    module, name = args.executor.split(":")
    executor = getattr(importlib.import_module(module), name)()
    options = [("grpc.max_receive_message_length", MESSAGE_BYTES), ("grpc.max_send_message_length", -1), ("grpc.so_reuseport", 0)]
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=16), options=options)
    device = Device(import_messages(args.proto), executor)
    server.add_generic_rpc_handlers((device.handlers(),))
    port, device.clients = bind(server, args.listen, args.certs)
    if port == 0:
        sys.exit(f"cannot listen on {args.listen}")
    server.start()
    print(f"listening on {args.listen.rsplit(':', 1)[0]}:{port}", flush=True)
    try:
        server.wait_for_termination()
    except KeyboardInterrupt:
        server.stop(grace=None)


if __name__ == "__main__":
    main()
