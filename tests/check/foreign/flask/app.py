# The shape of Flask's quick start (https://flask.palletsprojects.com/en/stable/quickstart/) with Requests' own
# (https://requests.readthedocs.io/en/latest/user/quickstart/). Started as Flask's page on Gunicorn shows.
import os

import requests
from flask import Flask

app = Flask(__name__)


@app.route("/health")
def health():
    return "OK"


@app.route("/orders/<int:order_id>")
def show_order(order_id):
    r = requests.get(f"{os.environ['INVENTORY_URL']}/items/{order_id}")
    return {"order_id": order_id, "stock": r.json()["stock"]}
