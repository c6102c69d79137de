"""FastAPI under the same load, by a server that starts a thread for each request."""

from benchmarks.real.fastapi import APPLICATION, CLIENT, REQUIREMENTS
from benchmarks.real.program import Program

PROGRAM = Program(
    "fastapi-threads",
    REQUIREMENTS,
    APPLICATION
    + """
import asyncio
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    def answer(self):
        if self.path == "/stop":
            threading.Thread(target=self.server.shutdown).start()
            self.send_response(200)
            self.end_headers()
        else:
            asyncio.run(self.serve(self.rfile.read(int(self.headers.get("Content-Length", 0)))))

    do_GET = do_POST = answer

    async def serve(self, body):
        async def receive():
            return {"type": "http.request", "body": body}

        async def send(message):
            if message["type"] == "http.response.start":
                self.send_response(message["status"])
                for name, value in message["headers"]:
                    self.send_header(name.decode(), value.decode())
                self.end_headers()
            else:
                self.wfile.write(message["body"])

        headers = [(name.lower().encode(), text.encode()) for name, text in self.headers.items()]
        await app(
            {
                "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1",
                "method": self.command, "scheme": "http", "root_path": "", "path": self.path,
                "query_string": b"", "headers": headers, "client": self.client_address,
                "server": self.server.server_address,
            },
            receive,
            send,
        )

    def log_message(self, *_):
        pass

class Server(ThreadingHTTPServer):
    request_queue_size = 64

with Server(("127.0.0.1", 0), Handler) as server:
    Path("port").write_text(f"{server.server_address[1]}\\n")
    server.serve_forever()
print("stopped")
""",
    CLIENT,
)
