"""Small networks with random weights, one entry per architecture: name -> Architecture.

Real classes of timm, transformers and torchvision with tiny settings, and networks of our own for spellings that
these libraries do not use. `make()` builds a module image -> tensor; a name with `-math` computes the same as the
name before it, but with attention written out in primitives.
"""
import zlib
from dataclasses import dataclass
from typing import Callable

import torch
from torch import nn

import handwritten


@dataclass(frozen=True)
class Architecture:
    source: str
    shape: tuple[int, ...]
    make: Callable[[], nn.Module]


class Only(nn.Module):
    """The one tensor of a result that is asked for."""

    def __init__(self, module: nn.Module, pick: Callable, **arguments):
        super().__init__()
        self.module = module
        self.pick = pick
        self.arguments = arguments

    def forward(self, x):
        return self.pick(self.module(x, **self.arguments))


def randomise(module: nn.Module) -> nn.Module:
    """Every parameter and statistic far from its neutral value, from its name alone."""
    state = module.state_dict()
    for name, value in state.items():
        if not value.is_floating_point() or "logit_scale" in name or "relative_coords" in name:
            continue
        generator = torch.Generator().manual_seed(zlib.crc32(name.removeprefix("module.").encode()))
        noise = torch.randn(value.shape, generator=generator)
        leaf = name.rsplit(".", 1)[-1]
        if "running_var" in name:
            noise = 0.5 + noise.abs()
        elif "gamma" in leaf or "lambda" in leaf or leaf == "alpha":
            noise = 0.6 + 0.3 * noise
        elif value.ndim >= 2 and leaf.endswith("weight") and "norm" not in name:
            noise = noise / value[0].numel() ** 0.5
        elif leaf.endswith("weight"):
            noise = 1 + 0.3 * noise
        elif "freqs" in leaf or "inv_freq" in leaf or "periods" in leaf:
            continue
        else:
            noise = 0.4 * noise
        state[name] = noise.to(value.dtype)
    module.load_state_dict(state)
    return module.eval()


def timm_model(module_name: str, class_name: str, is_fused: bool = True, **arguments):
    def make() -> nn.Module:
        import importlib

        from timm.layers import set_fused_attn

        set_fused_attn(is_fused)
        module = importlib.import_module(f"timm.models.{module_name}")
        return getattr(module, class_name)(**arguments)

    return make


def hf_model(class_name: str, config_name: str, pick: Callable, attention: str = "sdpa", **arguments):
    def make() -> nn.Module:
        import transformers

        config = getattr(transformers, config_name)(**arguments)
        config._attn_implementation = attention
        return Only(getattr(transformers, class_name)(config), pick)

    return make


def logits(result):
    return result.logits


def last_hidden(result):
    return result.last_hidden_state


def pooled(result):
    return result.pooler_output


VIT = dict(img_size=16, patch_size=4, embed_dim=24, depth=2, num_heads=3, mlp_ratio=2.0, num_classes=5)
HF = dict(image_size=16, patch_size=4, hidden_size=24, num_hidden_layers=2, num_attention_heads=3,
          intermediate_size=48, num_labels=5)
SWIN = dict(patch_size=2, window_size=4, embed_dim=12, depths=(2, 2), num_heads=(2, 4), mlp_ratio=2.0)
DINO = {k: v for k, v in HF.items() if k != "intermediate_size"}
CONVNEXT = dict(num_classes=5, depths=(1, 1, 1, 1), dims=(8, 12, 16, 16))
RESNET = dict(layers=(1, 1, 1, 1), channels=(8, 8, 12, 16), stem_width=8, num_classes=5)
SQUARE = (3, 16, 16)
LARGER = (3, 32, 32)
BLOCK = dict(img_size=32, num_classes=5)


def shrink() -> None:
    """Settings for the files of the repository: a few thousand weights each."""
    VIT.update(embed_dim=12, depth=1, num_heads=2)
    HF.update(hidden_size=12, num_hidden_layers=1, num_attention_heads=2, intermediate_size=24)
    DINO.update(hidden_size=12, num_hidden_layers=1, num_attention_heads=2)
    SWIN.update(embed_dim=4, depths=(2, 1), num_heads=(1, 2))
    CONVNEXT.update(dims=(4, 4, 8, 8))
    RESNET.update(channels=(4, 4, 8, 8), stem_width=4, stem_type="deep")
    handwritten.shrink()


def timm_architectures() -> dict[str, Architecture]:
    def add(name: str, shape, module: str, cls: str, has_math: bool = False, **arguments):
        found[name] = Architecture("timm", shape, timm_model(module, cls, **arguments))
        if has_math:
            found[f"{name}-math"] = Architecture("timm", shape, timm_model(module, cls, is_fused=False, **arguments))

    def resnet_block():
        from timm.models.resnet import BasicBlock

        return BasicBlock

    found: dict[str, Architecture] = {}
    vit = "vision_transformer"
    add("vit", SQUARE, vit, "VisionTransformer", True, **VIT)
    add("vit-gap", SQUARE, vit, "VisionTransformer", class_token=False, global_pool="avg", **VIT)
    add("vit-reg4", SQUARE, vit, "VisionTransformer", True, reg_tokens=4, init_values=0.1, no_embed_class=True,
        global_pool="avg", **VIT)
    add("vit-qknorm", SQUARE, vit, "VisionTransformer", True, qk_norm=True, qkv_bias=False, pre_norm=True, **VIT)
    add("vit-map", SQUARE, vit, "VisionTransformer", global_pool="map", class_token=False, **VIT)
    add("vit-quickgelu", SQUARE, vit, "VisionTransformer", act_layer="quick_gelu", **VIT)
    add("vit-gelutanh", SQUARE, vit, "VisionTransformer", act_layer="gelu_tanh", **VIT)
    add("vit-silu", SQUARE, vit, "VisionTransformer", act_layer="silu", **VIT)
    add("vit-relu", SQUARE, vit, "VisionTransformer", act_layer="relu", **VIT)
    add("deit-distilled", SQUARE, "deit", "VisionTransformerDistilled", **VIT)
    add("eva02", SQUARE, "eva", "Eva", True, swiglu_mlp=True, scale_mlp=True, use_rot_pos_emb=True, qkv_fused=False,
        **{**VIT, "num_heads": 3})
    add("eva-fused", SQUARE, "eva", "Eva", True, num_reg_tokens=2, init_values=0.1, global_pool="avg", **{**VIT, "num_heads": 3})
    add("beit", SQUARE, "beit", "Beit", True, use_abs_pos_emb=False, use_rel_pos_bias=True, init_values=0.1, **VIT)
    add("vit-relpos", SQUARE, "vision_transformer_relpos", "VisionTransformerRelPos", True, **VIT)
    add("cait", SQUARE, "cait", "Cait", init_values=0.1, **VIT)
    add("xcit", SQUARE, "xcit", "Xcit", img_size=16, patch_size=8, embed_dim=24, depth=1, num_heads=3, cls_attn_layers=1,
        num_classes=5)
    add("pit", (3, 16, 16), "pit", "PoolingVisionTransformer", img_size=16, patch_size=4, stride=2, base_dims=[8, 8],
        depth=[1, 1], heads=[2, 4], mlp_ratio=2, num_classes=5, stem_type="overlap")
    add("swin", LARGER, "swin_transformer", "SwinTransformer", True, **SWIN, **BLOCK)
    add("swinv2", LARGER, "swin_transformer_v2", "SwinTransformerV2", **SWIN, **BLOCK)
    add("levit", LARGER, "levit", "Levit", img_size=64, num_classes=5, embed_dim=(16, 24), key_dim=8, depth=(1, 1),
        num_heads=(2, 3))
    found["levit"] = Architecture("timm", (3, 64, 64), found["levit"].make)
    add("convnext", LARGER, "convnext", "ConvNeXt", ls_init_value=0.1, **CONVNEXT)
    add("convnext-conv", LARGER, "convnext", "ConvNeXt", conv_mlp=True, use_grn=True, **CONVNEXT)
    add("mixer", SQUARE, "mlp_mixer", "MlpMixer", img_size=16, patch_size=4, num_blocks=2, embed_dim=24, num_classes=5)
    add("resnet", LARGER, "resnet", "ResNet", block=resnet_block(), **RESNET)
    found["mobilevit"] = Architecture("timm", (3, 64, 64), mobilevit)
    return found


def mobilevit() -> nn.Module:
    import timm
    from timm.layers import set_fused_attn

    set_fused_attn(True)
    return timm.create_model("mobilevit_xxs", num_classes=5)


def hf_architectures() -> dict[str, Architecture]:
    found: dict[str, Architecture] = {}

    def add(name: str, cls: str, config: str, pick=logits, shape=SQUARE, has_math: bool = False, **arguments):
        found[name] = Architecture("transformers", shape, hf_model(cls, config, pick, **arguments))
        if has_math:
            found[f"{name}-math"] = Architecture("transformers", shape,
                                                 hf_model(cls, config, pick, "eager", **arguments))

    add("hf-vit", "ViTForImageClassification", "ViTConfig", has_math=True, **HF)
    add("hf-deit", "DeiTForImageClassificationWithTeacher", "DeiTConfig", has_math=True, **HF)
    add("hf-beit", "BeitForImageClassification", "BeitConfig", has_math=True, use_relative_position_bias=True,
        use_mean_pooling=True, **HF)
    add("hf-data2vec", "Data2VecVisionForImageClassification", "Data2VecVisionConfig",
        use_shared_relative_position_bias=True, **HF)
    add("hf-dinov2", "Dinov2ForImageClassification", "Dinov2Config", has_math=True, mlp_ratio=2,
        **DINO)
    add("hf-dinov2-swiglu", "Dinov2ForImageClassification", "Dinov2Config", mlp_ratio=2, use_swiglu_ffn=True,
        **DINO)
    add("hf-dinov2-reg", "Dinov2WithRegistersForImageClassification", "Dinov2WithRegistersConfig", mlp_ratio=2,
        num_register_tokens=3, **DINO)
    add("hf-swin", "SwinForImageClassification", "SwinConfig", shape=LARGER, has_math=True, image_size=32, patch_size=2,
        window_size=4, embed_dim=12, depths=[2, 2], num_heads=[2, 4], mlp_ratio=2.0, num_labels=5)
    add("hf-siglip", "SiglipVisionModel", "SiglipVisionConfig", pooled, has_math=True,
        **{k: v for k, v in HF.items() if k != "num_labels"})
    add("hf-clip", "CLIPVisionModel", "CLIPVisionConfig", pooled, has_math=True,
        **{k: v for k, v in HF.items() if k != "num_labels"})
    add("hf-vitmsn", "ViTMSNForImageClassification", "ViTMSNConfig", **HF)
    add("hf-ijepa", "IJepaForImageClassification", "IJepaConfig", **HF)
    add("hf-levit", "LevitForImageClassification", "LevitConfig", shape=(3, 64, 64), image_size=64,
        hidden_sizes=[16, 24, 32], num_attention_heads=[2, 3, 4], depths=[1, 1, 1], key_dim=[8, 8, 8], num_labels=5)
    add("hf-aimv2", "Aimv2VisionModel", "Aimv2VisionConfig", last_hidden, use_head=False,
        **{k: v for k, v in HF.items() if k != "num_labels"})
    add("hf-convnextv2", "ConvNextV2ForImageClassification", "ConvNextV2Config", shape=LARGER, depths=[1, 1],
        hidden_sizes=[12, 16], num_stages=2, num_labels=5)
    add("hf-segformer", "SegformerForImageClassification", "SegformerConfig", shape=(3, 32, 32), num_encoder_blocks=2,
        depths=[1, 1], sr_ratios=[4, 2], hidden_sizes=[8, 16], patch_sizes=[7, 3], strides=[4, 2],
        num_attention_heads=[1, 2], mlp_ratios=[2, 2], num_labels=5)
    add("hf-pvt", "PvtForImageClassification", "PvtConfig", shape=(3, 32, 32), image_size=32, num_encoder_blocks=2,
        depths=[1, 1], sequence_reduction_ratios=[2, 1], hidden_sizes=[8, 16], patch_sizes=[4, 2], strides=[4, 2],
        num_attention_heads=[1, 2], mlp_ratios=[2, 2], num_labels=5)
    return found


def torchvision_architectures() -> dict[str, Architecture]:
    def vit() -> nn.Module:
        from torchvision.models.vision_transformer import VisionTransformer

        return VisionTransformer(image_size=16, patch_size=4, num_layers=VIT["depth"], num_heads=VIT["num_heads"],
                                 hidden_dim=VIT["embed_dim"], mlp_dim=2 * VIT["embed_dim"], num_classes=5)

    def swin() -> nn.Module:
        from torchvision.models.swin_transformer import SwinTransformer

        return SwinTransformer(patch_size=[2, 2], embed_dim=12, depths=[2, 2], num_heads=[2, 4], window_size=[4, 4],
                               mlp_ratio=2.0, num_classes=5)

    def swin_v2() -> nn.Module:
        from torchvision.models import swin_transformer as s

        return s.SwinTransformer(patch_size=[2, 2], embed_dim=12, depths=[2, 2], num_heads=[2, 4], window_size=[4, 4],
                                 mlp_ratio=2.0, num_classes=5, block=s.SwinTransformerBlockV2,
                                 downsample_layer=s.PatchMergingV2)

    def resnet() -> nn.Module:
        from torchvision.models.resnet import BasicBlock, ResNet

        return ResNet(BasicBlock, [1, 1, 1, 1], num_classes=5, width_per_group=64)

    def maxvit() -> nn.Module:
        from torchvision.models.maxvit import MaxVit

        return MaxVit(input_size=(32, 32), stem_channels=8, partition_size=4, block_channels=[8, 16],
                      block_layers=[1, 1], head_dim=8, stochastic_depth_prob=0.0, num_classes=5)

    return {
        "tv-vit": Architecture("torchvision", SQUARE, vit),
        "tv-swin": Architecture("torchvision", LARGER, swin),
        "tv-swinv2": Architecture("torchvision", LARGER, swin_v2),
        "tv-resnet": Architecture("torchvision", LARGER, resnet),
        "tv-maxvit": Architecture("torchvision", LARGER, maxvit),
    }


def own_architectures() -> dict[str, Architecture]:
    return {name: Architecture("own", SQUARE, make) for name, make in handwritten.NETWORKS.items()}


def all_architectures() -> dict[str, Architecture]:
    return {**timm_architectures(), **hf_architectures(), **torchvision_architectures(), **own_architectures()}
