"""me/: who the caller is and what they may do where; people as records name them."""

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import ApiKey, Hospital, User
from accounts.permissions import SIGNED_IN
from accounts.roles import Ability


class PersonSerializer(serializers.ModelSerializer):
    """A colleague, as a record names them."""

    class Meta:
        model = User
        fields = ["id", "name"]


class WorkplaceSerializer(serializers.Serializer):
    """A hospital and what the caller may do there."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    slug = serializers.SlugField()
    abilities = serializers.ListField(child=serializers.ChoiceField(choices=Ability.choices))


class KeySerializer(serializers.ModelSerializer):
    """The key the caller came with."""

    hospital: serializers.Field = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=Ability.choices))

    class Meta:
        model = ApiKey
        fields = ["id", "name", "prefix", "hospital", "scopes", "expires_at"]


class MeSerializer(serializers.Serializer):
    """The caller."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    email = serializers.EmailField()
    hospitals = serializers.SerializerMethodField()
    key = KeySerializer(source="acting_key", allow_null=True)

    @extend_schema_field(WorkplaceSerializer(many=True))
    def get_hospitals(self, user: User) -> list[dict[str, Any]]:
        """Return the hospitals where the caller, or the key they came with, may do anything."""
        abilities: dict[Hospital, list[str]] = {}
        # One query per ability, however many hospitals: the rule that every endpoint asks.
        for ability in Ability.values:
            for hospital in user.hospitals_with(ability):
                abilities.setdefault(hospital, []).append(ability)
        workplaces = [
            {"id": hospital.pk, "name": hospital.name, "slug": hospital.slug, "abilities": allowed}
            for hospital, allowed in sorted(abilities.items(), key=lambda item: item[0].name)
        ]
        return list(WorkplaceSerializer(workplaces, many=True).data)


class MeView(APIView):
    """Who you are, at which hospitals, with which abilities, and by which key."""

    required_ability = SIGNED_IN

    @extend_schema(responses=MeSerializer, operation_id="me")
    def get(self, request: Request) -> Response:
        """Return the caller."""
        return Response(MeSerializer(request.user).data)
