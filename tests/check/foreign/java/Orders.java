// The shape of the example in the JDK's own package documentation, com.sun.net.httpserver (Java 17), and of that of
// java.net.http.HttpClient. Started as JEP 330 shows for a program in a single file.
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;

public class Orders {
    static final HttpClient client = HttpClient.newHttpClient();

    public static void main(String[] args) throws IOException {
        int port = Integer.parseInt(System.getenv("PORT"));
        HttpServer server = HttpServer.create(new InetSocketAddress(port), 0);
        server.createContext("/health", exchange -> respond(exchange, 200, "OK"));
        server.createContext("/orders/", Orders::order);
        server.setExecutor(null); // creates a default executor
        server.start();
    }

    static void order(HttpExchange exchange) throws IOException {
        String id = exchange.getRequestURI().getPath().substring("/orders/".length());
        try {
            HttpRequest request = HttpRequest.newBuilder()
                .uri(URI.create(System.getenv("INVENTORY_URL") + "/items/" + id))
                .build();
            HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
            respond(exchange, 200, "{\"order\": \"" + id + "\", \"item\": " + response.body() + "}");
        } catch (Exception e) {
            e.printStackTrace();
            respond(exchange, 500, "Internal Server Error");
        }
    }

    static void respond(HttpExchange exchange, int status, String response) throws IOException {
        byte[] bytes = response.getBytes();
        exchange.sendResponseHeaders(status, bytes.length);
        OutputStream os = exchange.getResponseBody();
        os.write(bytes);
        os.close();
    }
}
