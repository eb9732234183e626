package dev.millrace.deployment;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ClusterRulesTest {
    private static final String CARELESS = """
            apiVersion: apps/v1
            kind: StatefulSet
            metadata:
              name: trainer
            spec:
              serviceName: trainers
              podManagementPolicy: Parallel
              selector:
                matchLabels:
                  app: trainer
              template:
                metadata:
                  labels:
                    app: trainers
                spec:
                  serviceAccountName: nobody
                  containers:
                    - name: main
                      image: millrace/trainer-app
                      readinessProbe:
                        httpGet:
                          path: /health
                          port: 8080
                      env:
                        - name: KAFKA_PASSWORD
                          value: secret
                      envFrom:
                        - configMapRef:
                            name: settings
                      volumeMounts:
                        - name: checkpoints
                          mountPath: /checkpoints
                  volumes:
                    - name: host
                      hostPath:
                        path: /
            ---
            apiVersion: v1
            kind: Service
            metadata:
              name: trainer
            spec:
              selector:
                app: trainer
              ports:
                - port: 80
                  targetPort: http
            """;

    @Test
    void namesEveryBreachOfACarelessDeployment() {
        Cluster cluster = new Cluster("careless", StrictManifests.read("careless", CARELESS));

        assertThat(ClusterRules.breaches(cluster))
                .containsExactlyInAnyOrder(
                        "StatefulSet trainer may run as root",
                        "StatefulSet trainer does not say which user it runs as",
                        "StatefulSet trainer has no seccomp profile RuntimeDefault",
                        "StatefulSet trainer mounts a service account token",
                        "StatefulSet trainer mounts a path of the host as host",
                        "StatefulSet trainer container main can write to its root file system",
                        "StatefulSet trainer container main may escalate its privileges",
                        "StatefulSet trainer container main keeps capabilities",
                        "StatefulSet trainer container main requests no cpu",
                        "StatefulSet trainer container main has no limit of cpu",
                        "StatefulSet trainer container main requests no memory",
                        "StatefulSet trainer container main has no limit of memory",
                        "StatefulSet trainer container main has an image without a version: millrace/trainer-app",
                        "StatefulSet trainer container main has no startup probe of /q/health/started on port http",
                        "StatefulSet trainer container main has no readiness probe of /q/health/ready on port http",
                        "StatefulSet trainer container main has no liveness probe of /q/health/live on port http",
                        "StatefulSet trainer container main has no port http 8080",
                        "StatefulSet trainer mounts checkpoints, which is no volume of it",
                        "StatefulSet trainer has volume host, which nothing mounts",
                        "StatefulSet trainer names ServiceAccount nobody, which is not there",
                        "StatefulSet trainer names ConfigMap settings, which is not there",
                        "StatefulSet trainer has a secret written out: KAFKA_PASSWORD",
                        "StatefulSet trainer does not select its own pods",
                        "StatefulSet trainer is not OrderedReady",
                        "StatefulSet trainer names Service trainers, which is not there",
                        "Service trainer selects no pod",
                        "Service trainer leads to port http, which no pod of it has");
    }
}
