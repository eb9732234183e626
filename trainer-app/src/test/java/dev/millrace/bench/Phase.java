package dev.millrace.bench;

import dev.millrace.trainer.learn.Learner;
import dev.millrace.trainer.model.DeepSeekModel;
import dev.millrace.trainer.model.Gradients;

/// What a training thread is at.
enum Phase {
    FORWARD,
    BACKWARD,
    OPTIMIZER,
    REST;

    static Phase of(StackTraceElement[] stack) {
        for (StackTraceElement frame : stack) {
            if (frame.getClassName().equals(Gradients.class.getName())
                    && frame.getMethodName().startsWith("pull")) {
                return BACKWARD;
            }
            if (frame.getClassName().equals(DeepSeekModel.class.getName())
                    && frame.getMethodName().equals("train")) {
                return FORWARD;
            }
            if (frame.getClassName().equals(Learner.class.getName())
                    && frame.getMethodName().equals("step")) {
                return OPTIMIZER;
            }
        }
        return REST;
    }
}
