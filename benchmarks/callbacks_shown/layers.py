"""`ActivationStatistics` and `GradientStatistics`: deep sigmoids against deep rectifiers."""

import keras

from kerasrecipes import callbacks

from .digits import digits, network, rectifiers

DEPTH, EPOCHS, NUM_SAMPLED = 8, 20, 128


def make():
    """Return the activations of both, and the gradients of the sigmoids."""
    train, _ = digits()
    sample = tuple(array[:NUM_SAMPLED] for array in train)
    sigmoids = [
        keras.layers.Dense(64, "sigmoid", name=f"hidden{number + 1}") for number in range(DEPTH)
    ]
    made = {}
    for name, hidden in (("sigmoid", sigmoids), ("relu", rectifiers(DEPTH))):
        keras.utils.set_random_seed(0)
        model = network(*hidden, optimizer=keras.optimizers.SGD(0.02, momentum=0.9))
        activations = callbacks.ActivationStatistics(sample[0], every=1)
        gradients = callbacks.GradientStatistics(sample, every=1)
        fit = model.fit(*train, epochs=EPOCHS, verbose=0, callbacks=[activations, gradients])
        print(f"{name}: accuracy {fit.history['accuracy'][-1]:.2f} after {EPOCHS} epochs")
        made[f"activation_statistics-{name}"] = activations.figure()
        if name == "sigmoid":  # a healthy one tells nothing new
            made[f"gradient_statistics-{name}"] = gradients.figure()
    return made
