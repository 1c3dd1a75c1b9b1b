"""The same four models as the documentation of Keras writes them: plain layers, `fit(x, y)`."""

import keras
from keras import layers


def softmax():
    """Softmax regression, RMSprop."""
    model = keras.Sequential([keras.Input((28, 28, 1)), layers.Flatten(), layers.Dense(10)])
    return model, keras.optimizers.RMSprop(1e-3)


def mlp():
    """784-512-512-10 with dropout, RMSprop."""
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Flatten(),
            layers.Dense(512, activation="relu"),
            layers.Dropout(0.2),
            layers.Dense(512, activation="relu"),
            layers.Dropout(0.2),
            layers.Dense(10),
        ]
    )
    return model, keras.optimizers.RMSprop(1e-3)


def lenet5():
    """LeNet-5 in its modern form, Adam."""
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(6, 5, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(16, 5, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(120, activation="relu"),
            layers.Dense(84, activation="relu"),
            layers.Dense(10),
        ]
    )
    return model, keras.optimizers.Adam(1e-3)


def resnet20():
    """ResNet-20 for small images, option A, SGD with momentum."""

    def convolution(hidden, channels, stride=1):
        penalty = keras.regularizers.L2(5e-5)
        hidden = layers.Conv2D(
            channels, 3, stride, "same", use_bias=False, kernel_regularizer=penalty
        )(hidden)
        return layers.BatchNormalization()(hidden)

    image = keras.Input((28, 28, 1))
    hidden = layers.ReLU()(convolution(image, 16))
    for stage, channels in enumerate((16, 32, 64)):
        for number in range(3):
            stride = 2 if stage and not number else 1
            shortcut = hidden
            if stride == 2:
                shortcut = layers.Lambda(
                    lambda x: keras.ops.pad(
                        x[:, ::2, ::2], ((0, 0), (0, 0), (0, 0), (x.shape[-1] // 2,) * 2)
                    )
                )(shortcut)
            hidden = layers.ReLU()(convolution(hidden, channels, stride))
            hidden = layers.ReLU()(layers.add([convolution(hidden, channels), shortcut]))
    logits = layers.Dense(10, kernel_regularizer=keras.regularizers.L2(5e-5))(
        layers.GlobalAveragePooling2D()(hidden)
    )
    return keras.Model(image, logits), keras.optimizers.SGD(0.1, momentum=0.9)
