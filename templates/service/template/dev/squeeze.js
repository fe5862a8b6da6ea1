// An open model: requests arrive at RATE per second whether or not the service keeps up, as users do.
import http from "k6/http";
import { check } from "k6";

export const options = {
  scenarios: {
    squeeze: {
      executor: "ramping-arrival-rate",
      startRate: Number(__ENV.RATE),
      timeUnit: "1s",
      preAllocatedVUs: 50,
      maxVUs: 500,
      stages: [{ target: Number(__ENV.RATE), duration: __ENV.SECONDS + "s" }],
    },
  },
  thresholds: {
    http_req_failed: ["rate<0.01"],
    http_req_duration: ["p(99)<" + __ENV.LIMIT_MS],
    dropped_iterations: ["count<1"], // k6 itself could not keep up, or all of its users wait
  },
  summaryTrendStats: ["avg", "p(99)"],
};

export default function () {
  const response = http.request(__ENV.METHOD, __ENV.URL, null, { headers: JSON.parse(__ENV.HEADERS) });
  check(response, { "is answered": (response) => response.status < 300 });
}
