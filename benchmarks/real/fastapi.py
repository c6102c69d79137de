"""FastAPI under load: 2,800 requests, half of them answered in worker threads."""

from benchmarks.real.program import Program

REQUIREMENTS = ("fastapi", "uvicorn")
APPLICATION = """
from pathlib import Path

from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()

class Item(BaseModel):
    name: str
    price: float
    tags: list[str] = []

@app.get("/in-thread/{number}")
def in_thread(number: int, factor: float = 2.0) -> Item:
    return Item(name=f"item {number}", price=number * factor, tags=["a", "b"])

@app.post("/in-loop")
async def in_loop(item: Item) -> dict[str, float]:
    return {"total": item.price * len(item.tags)}
"""
CLIENT = """
import http.client
import json
import os
import threading
import time

while not (os.path.exists("port") and open("port").read().endswith("\\n")):
    time.sleep(0.05)
PORT = int(open("port").read())
BODY = json.dumps({"name": "x", "price": 2.5, "tags": ["a", "b", "c"]})

def connected():
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", PORT)
        try:
            connection.connect()
            return connection
        except ConnectionRefusedError:
            time.sleep(0.05)

def ask(first):
    connection = connected()
    for number in range(first, first + 350):
        if number % 2:
            connection.request("GET", f"/in-thread/{number}")
        else:
            connection.request("POST", "/in-loop", BODY, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
        answer.read()

threads = [threading.Thread(target=ask, args=(350 * n,)) for n in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
connection = connected()
connection.request("POST", "/stop")
connection.getresponse().read()
"""
PROGRAM = Program(
    "fastapi",
    REQUIREMENTS,
    APPLICATION
    + """
import socket

import uvicorn

@app.post("/stop")
async def stop() -> None:
    server.should_exit = True

listening = socket.socket()
listening.bind(("127.0.0.1", 0))
server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
Path("port").write_text(f"{listening.getsockname()[1]}\\n")
server.run(sockets=[listening])
print("stopped")
""",
    CLIENT,
)
