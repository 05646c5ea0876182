# The server that the documentation of TensorFlow.js describes for `tf.io.http`: Flask takes the
# files of a form by their names, and puts them into a folder.
#
#   python receiver.py FOLDER
#
# Prints the port first. Then, for every request, one JSON line:
# {"method", "path", "status", "parts": [{"field", "filename", "type", "bytes"}]}.
import json
import sys
from pathlib import Path

from flask import Flask, request
from werkzeug.serving import WSGIRequestHandler, make_server

folder = Path(sys.argv[1])
app = Flask(__name__)


class Quiet(WSGIRequestHandler):
    def log(self, *_):
        pass


def say(value):
    print(json.dumps(value), flush=True)


@app.post("/upload")
def upload():
    model = request.files["model.json"].read()
    weights = request.files["model.weights.bin"].read()
    json.loads(model)
    (folder / "model.json").write_bytes(model)
    (folder / "model.weights.bin").write_bytes(weights)
    return "", 200


@app.after_request
def log(response):
    parts = [
        {
            "field": field,
            "filename": part.filename,
            "type": part.content_type,
            "bytes": part.stream.seek(0, 2),
        }
        for field, part in request.files.items(multi=True)
    ]
    line = {"method": request.method, "path": request.path, "status": response.status_code}
    say({**line, "parts": parts, "fields": sorted(request.form)})
    return response


server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
say(server.server_port)
server.serve_forever()
