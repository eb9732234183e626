package dev.millrace.producer.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.testing.KafkaTestResource;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.vertx.ext.web.Route;
import io.vertx.ext.web.Router;
import jakarta.ws.rs.HttpMethod;
import jakarta.ws.rs.Path;
import java.io.IOException;
import java.lang.annotation.Annotation;
import java.lang.reflect.Method;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Iterator;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The description of the interface at `/q/openapi`, held against the interface.
@QuarkusTest
@QuarkusTestResource(KafkaTestResource.class)
class OpenApiTest {
    private static final HttpClient CLIENT = HttpClient.newHttpClient();
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Set<String> METHODS = Set.of("get", "put", "post", "delete", "patch", "head", "options");

    @TestHTTPResource("/")
    URI root;

    private final Router router;
    private JsonNode description = JSON.nullNode();

    OpenApiTest(Router router) {
        this.router = router;
    }

    @BeforeEach
    void read() throws IOException, InterruptedException {
        HttpResponse<String> answer = send(HttpRequest.newBuilder(root.resolve("/q/openapi?format=json")));
        assertThat(answer.statusCode()).isEqualTo(200);
        description = JSON.readTree(answer.body());
    }

    @Test
    void itNamesEveryRouteAndNoOther() {
        Set<String> described = new TreeSet<>();
        for (Map.Entry<String, JsonNode> path : description.get("paths").properties()) {
            for (Iterator<String> names = path.getValue().fieldNames(); names.hasNext(); ) {
                String method = names.next();
                if (METHODS.contains(method)) {
                    described.add(method + " " + path.getKey());
                }
            }
        }

        Set<String> served = routes();
        served.addAll(resource(IngestionResource.class));
        assertThat(described).isEqualTo(served).contains("post /v1/documents", "delete /v1/ingestions/{id}");
    }

    /// Those of the router; a route for all methods is one that says which are taken.
    private Set<String> routes() {
        Set<String> routes = new TreeSet<>();
        for (Route route : router.getRoutes()) {
            String path = route.getPath();
            Set<io.vertx.core.http.HttpMethod> methods = route.methods();
            if (path != null && path.startsWith("/v1/") && methods != null) {
                methods.forEach(method -> routes.add(
                        method.name().toLowerCase(Locale.ROOT) + " " + path.replaceAll(":([A-Za-z]+)", "{$1}")));
            }
        }
        return routes;
    }

    private static Set<String> resource(Class<?> resource) {
        Set<String> routes = new TreeSet<>();
        String base = resource.getAnnotation(Path.class).value();
        for (Method method : resource.getDeclaredMethods()) {
            for (Annotation annotation : method.getAnnotations()) {
                HttpMethod verb = annotation.annotationType().getAnnotation(HttpMethod.class);
                if (verb != null) {
                    Path path = method.getAnnotation(Path.class);
                    routes.add(verb.value().toLowerCase(Locale.ROOT) + " " + base
                            + (path == null ? "" : "/" + path.value()));
                }
            }
        }
        return routes;
    }

    @Test
    void whatItShowsAsAnExampleIsTaken() throws Exception {
        int taken = 0;
        for (Map.Entry<String, JsonNode> path : description.get("paths").properties()) {
            if (!path.getKey().equals("/v1/documents")) {
                continue;
            }
            JsonNode content = path.getValue().at("/post/requestBody/content");
            for (Map.Entry<String, JsonNode> type : content.properties()) {
                for (JsonNode example : type.getValue().path("examples")) {
                    JsonNode value = example.get("value");
                    String body = value.isTextual() ? value.asText() : value.toString();
                    HttpResponse<String> answer = post(path.getKey(), type.getKey(), body);
                    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
                    assertThat(answer.body()).contains("delivered").doesNotContain("\"status\":\"rejected\"");
                    taken++;
                }
            }
        }
        assertThat(taken).isGreaterThanOrEqualTo(4);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            application/json     | {"text":"one more"}                  | 200
            application/json     | {"text":17}                          | 400
            application/json     | {"text":"b","id":"described"}        | 422
            text/html            | <p>                                  | 415
            application/x-ndjson | {"text":"a line"}                    | 200
            """)
    void everyAnswerOfTheDocumentRouteIsDescribed(String type, String body, int status) throws Exception {
        post("/v1/documents", "application/json", "{\"text\":\"a\",\"id\":\"described\"}");

        HttpResponse<String> answer = post("/v1/documents", type, body);

        assertThat(answer.statusCode()).isEqualTo(status);
        assertDescribed("/paths/~1v1~1documents/post", answer);
    }

    @ParameterizedTest
    @CsvSource({
        "GET, /v1/ingestions, /v1/ingestions, 200",
        "GET, /v1/ingestions/none, /v1/ingestions/{id}, 404",
        "DELETE, /v1/ingestions/none, /v1/ingestions/{id}, 404",
        "POST, /v1/ingestions, /v1/ingestions, 403"
    })
    void everyAnswerOfTheIngestionsIsDescribed(String method, String path, String described, int status)
            throws Exception {
        HttpResponse<String> answer = send(HttpRequest.newBuilder(root.resolve(path))
                .header("Content-Type", "application/json")
                .method(
                        method,
                        method.equals("POST")
                                ? HttpRequest.BodyPublishers.ofString("{\"path\":\"/nowhere\"}")
                                : HttpRequest.BodyPublishers.noBody()));

        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
        assertDescribed("/paths/" + described.replace("/", "~1") + "/" + method.toLowerCase(Locale.ROOT), answer);
    }

    private void assertDescribed(String operation, HttpResponse<String> answer) {
        JsonNode response = description.at(operation + "/responses/" + answer.statusCode());
        if (response.has("$ref")) {
            response = description.at(response.get("$ref").asText().substring(1));
        }
        assertThat(response.isObject())
                .as(operation + " " + answer.statusCode())
                .isTrue();
        String type = answer.headers().firstValue("content-type").orElse("").split(";", 2)[0];
        assertThat(response.get("content").has(type))
                .as(type + " of " + operation + " " + answer.statusCode())
                .isTrue();
    }

    private HttpResponse<String> post(String path, String type, String body) throws IOException, InterruptedException {
        return send(HttpRequest.newBuilder(root.resolve(path))
                .header("Content-Type", type)
                .POST(HttpRequest.BodyPublishers.ofString(body)));
    }

    private HttpResponse<String> send(HttpRequest.Builder request) throws IOException, InterruptedException {
        return CLIENT.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }
}
