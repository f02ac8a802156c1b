# SPDX-License-Identifier: Apache-2.0
"""A client command in a terminal of its own (a pseudo terminal), for what programs do only when people look on.

    with Terminal(vigil, "shell") as terminal:
        terminal.expect("vigil> ")
        terminal.type("up\\r")
        terminal.expect("metric")
"""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time

from vigil_process import BINARY, DEADLINE_SECONDS

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
# An escape sequence with its number and letter, or one character.
PIECES = re.compile(r"\x1b\[\??([0-9;]*)([A-Za-z])|\x1b.|([^\x1b])", re.DOTALL)


class Screen:
    """What people see: lines of characters and a cursor, as far as vigil and libedit use a terminal."""

    def __init__(self, width):
        self._width = width
        self._lines = [[]]
        self.row = 0
        self._column = 0

    def write(self, text):
        for number, letter, character in PIECES.findall(text):
            if letter:
                self._move(int(number.split(";")[0] or 0), letter)
            elif character:
                self._put(character)

    def _move(self, number, letter):
        count = max(1, number)
        line = self._lines[self.row]
        if letter == "A":
            self._go(self.row - count)
        elif letter == "B":
            self._go(self.row + count)
        elif letter == "C":
            self._column = min(self._width - 1, self._column + count)
        elif letter == "D":
            self._column = max(0, self._column - count)
        elif letter == "F":
            self._go(self.row - count)
            self._column = 0
        elif letter == "G":
            self._column = count - 1
        elif letter == "K":
            del line[self._column:]
        elif letter == "J":
            del line[self._column:]
            del self._lines[self.row + 1:]
        elif letter == "P":
            del line[self._column:self._column + count]
        elif letter == "@":
            line[self._column:self._column] = [" "] * count

    def _go(self, row):
        self.row = max(0, row)
        while len(self._lines) <= self.row:
            self._lines.append([])

    def _put(self, character):
        if character == "\n":
            self._go(self.row + 1)
        elif character == "\r":
            self._column = 0
        elif character == "\b":
            self._column = max(0, self._column - 1)
        elif character >= " ":
            if self._column >= self._width:
                self._go(self.row + 1)
                self._column = 0
            line = self._lines[self.row]
            line.extend(" " * (self._column + 1 - len(line)))
            line[self._column] = character
            self._column += 1

    def text(self, from_row=0):
        return "\n".join("".join(line).rstrip() for line in self._lines[from_row:])


class Terminal:
    """`vigil ARGUMENTS` with a terminal as standard input, output and error."""

    def __init__(self, vigil, *arguments, width=100, height=40, env=None):
        environment = dict(vigil.environment(), TERM="xterm", LANG="C.UTF-8", LC_ALL="C.UTF-8", TZ="UTC")
        environment.pop("NO_COLOR", None)
        environment.update(env or {})
        self._master, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        self.process = subprocess.Popen(
            [BINARY, *map(str, arguments)],
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            env=environment,
            start_new_session=True,
            # So that Ctrl-C reaches the process: the terminal becomes its controlling one.
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(terminal)
        self.output = b""  # As it came.
        self._seen = 0  # Bytes that were expected before.
        self._row = 0  # Where on the screen that was.
        self._screen = Screen(width)
        self._pending = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def text(self):
        """All output without escape sequences."""
        return ESCAPES.sub("", self.output.decode(errors="replace"))

    def _read(self, timeout_seconds):
        """Takes in what comes within the time; returns whether there may be more."""
        ready, _, _ = select.select([self._master], [], [], timeout_seconds)
        if not ready:
            return True
        try:
            data = os.read(self._master, 65536)
        except OSError:  # The other end is closed.
            return False
        self.output += data
        # Pieces may end within a character or a sequence.
        whole = self._pending + data
        keep = len(whole)
        tail = max(whole.rfind(b"\x1b", len(whole) - 16), -1)
        if tail >= 0 and not re.match(rb"\x1b(\[[0-9;?]*[A-Za-z]|[^\[])", whole[tail:]):
            keep = tail
        while keep > 0 and not self._is_text(whole[:keep]):
            keep -= 1
        self._pending = whole[keep:]
        self._screen.write(whole[:keep].decode(errors="replace"))
        return bool(data)

    @staticmethod
    def _is_text(data):
        try:
            data.decode()
        except UnicodeDecodeError as error:
            return error.reason != "unexpected end of data"
        return True

    def type(self, keys):
        os.write(self._master, keys.encode())

    def expect(self, pattern, deadline_seconds=DEADLINE_SECONDS):
        """Waits until `pattern` stands on the screen, at or below where the cursor was when something was expected
        last; returns the text there."""
        return self._wait(lambda: self._screen.text(self._row), pattern, deadline_seconds)

    def expect_output(self, pattern, deadline_seconds=DEADLINE_SECONDS):
        """The same for the output as it comes, without escape sequences: what is written over counts, too."""
        return self._wait(
            lambda: ESCAPES.sub("", self.output[self._seen:].decode(errors="replace")), pattern, deadline_seconds
        )

    def _wait(self, text_now, pattern, deadline_seconds):
        deadline = time.monotonic() + deadline_seconds
        open_end = True
        while True:
            text = text_now()
            if re.search(pattern, text):
                self._seen = len(self.output)
                self._row = self._screen.row
                return text
            assert open_end, f"the end came before {pattern!r}: {text!r}"
            assert time.monotonic() < deadline, f"no {pattern!r} in {text!r}"
            open_end = self._read(0.1)

    def interrupt(self):
        """Ctrl-C."""
        self.type("\x03")

    def wait(self, deadline_seconds=DEADLINE_SECONDS):
        """The exit status, once all output is read."""
        deadline = time.monotonic() + deadline_seconds
        while self._read(0.1):
            assert time.monotonic() < deadline, f"it does not end: {self.output[-500:]!r}"
            if self.process.poll() is not None and not select.select([self._master], [], [], 0)[0]:
                break
        return self.process.wait(deadline_seconds)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._master)
