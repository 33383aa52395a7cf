"""A service on this machine that speaks the two protocols of OpenAI, and misbehaves as it is told."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "loopback-key"


@dataclass(frozen=True)
class Answer:
    """What the service sends: a text with its end, or a status with a message. ``after_seconds`` of silence first."""

    text: str = ""
    finish: str = "stop"
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"Retry-After": "0"})
    after_seconds: float = 0.0
    has_usage: bool = True


#: From the last turn of a request, and how often the same turn was asked before, to the answer.
Behaviour = Callable[[str, int], Answer]


class Service:
    """Counts what reaches it. ``requests`` are the bodies, ``most_at_once`` how many were open together."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.requests: list[dict[str, Any]] = []
        self.url = ""
        self.most_at_once = 0
        self._open = 0
        self._lock = threading.Lock()
        self._asked: dict[str, int] = {}

    def answer(self, key: str, body: dict[str, Any]) -> Answer:
        """The answer to a request with this key."""
        turn = _last_turn(body)
        with self._lock:
            self.requests.append(body)
            before = self._asked.get(turn, 0)
            self._asked[turn] = before + 1
            self._open += 1
            self.most_at_once = max(self.most_at_once, self._open)
        try:
            if key != f"Bearer {KEY}":
                return Answer("Incorrect API key provided", status=401)
            answer = self.behaviour(turn, before)
            time.sleep(answer.after_seconds)
            return answer
        finally:
            with self._lock:
                self._open -= 1


def _last_turn(body: dict[str, Any]) -> str:
    content = body["messages" if "messages" in body else "input"][-1]["content"]
    return content if isinstance(content, str) else "".join(part["text"] for part in content)


def body_of(answer: Answer, model: str, newer: bool) -> dict[str, Any]:
    """The answer as the chat protocol has it, or the newer one of responses: 10 tokens read for each, and one written
    for each word."""
    if answer.status != 200:
        return {"error": {"message": answer.text or "no", "type": "test", "code": None}}
    if newer:
        return _response_of(answer, model)
    choice = {
        "index": 0,
        "finish_reason": answer.finish,
        "message": {"role": "assistant", "content": answer.text},
    }
    body = {"id": "1", "object": "chat.completion", "created": 1, "model": model, "choices": [choice]}
    if answer.has_usage:
        written = len(answer.text.split())
        body["usage"] = {"prompt_tokens": 10, "completion_tokens": written, "total_tokens": 10 + written}
    return body


def _response_of(answer: Answer, model: str) -> dict[str, Any]:
    said = {"type": "output_text", "text": answer.text, "annotations": []}
    message = {"type": "message", "id": "1", "status": "completed", "role": "assistant", "content": [said]}
    written = len(answer.text.split())
    is_cut = answer.finish == "length"
    return {
        "id": "1",
        "object": "response",
        "created_at": 1,
        "model": model,
        "status": "incomplete" if is_cut else "completed",
        "incomplete_details": {"reason": "max_output_tokens"} if is_cut else None,
        "output": [message],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": 10,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": written,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": 10 + written,
        },
    }


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Quiet: clients leave."""


@contextmanager
def serve(behaviour: Behaviour) -> Iterator[Service]:
    """The service, on a free port of this machine."""
    service = Service(behaviour)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer = service.answer(self.headers.get("Authorization", ""), body)
            sent = json.dumps(body_of(answer, body["model"], self.path.endswith("/responses"))).encode()
            try:
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(sent)))
                self.end_headers()
                self.wfile.write(sent)
            except OSError:  # the client has given up
                self.close_connection = True

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    server = _Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    service.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
