using CsCheck;
using KeycloakAccess.Permissions;
using KeycloakAccess.RulesDocument;
using Microsoft.Extensions.Options;

namespace Api.Tests.Access;

/// <summary>Rule sets, made at random: of few names, so that two of them have something in common and something not.</summary>
internal static class AccessSamples
{
    public static readonly PermissionCatalogue Catalogue = new(
    [
        new("book", "books", "Books", Permission.Actions),
        new("account", "accounts", "Accounts", [Permission.View, Permission.Change]),
        new("role-mapping", "role-mappings", "Role mappings", [Permission.View, Permission.Add, Permission.Delete]),
    ],
    [],
    Options.Create(new PermissionOptions()));

    private static readonly Gen<string> GroupName = Gen.OneOf("a", "b", "c-d", "readers", "x9");

    // Whatever a person may type, and JSON must escape. No half characters: there are none in UTF-8.
    private static readonly Gen<string> Description =
        Gen.OneOf(
            Gen.Const(""),
            Gen.OneOf("a", "é", "\"", "\\", "\n", "\t", "😀", "<", "/", "\u200d", "\u00a0").Array[0, 6].Select(string.Concat));

    private static readonly Gen<string> Permissions =
        Gen.OneOf([.. Catalogue.Permissions.Select(permission => permission.ToString()), .. Catalogue.Wildcards]);

    public static readonly string[] RoleNames = ["staff", "book-reader", "book-editor"];

    public static readonly string[] GroupPaths = ["/operations", "/operations/leads"];

    public static readonly string[] Clients = ["acme-api", "other"];

    private static readonly Gen<MappingEntry> Mapping = Gen.OneOf(
        Gen.OneOf([.. RoleNames, "book-*", "*-editor"]).Select(name => new MappingEntry(RoleKinds.RealmRole, "", name)),
        Gen.Select(
            Gen.OneOf(Clients),
            Gen.OneOf([.. RoleNames, "book-*"]),
            (client, name) => new MappingEntry(RoleKinds.ClientRole, client, name)),
        Gen.OneOf([.. GroupPaths, "/operations/*", "/é \"quoted\""]).Select(path => new MappingEntry(RoleKinds.KeycloakGroup, "", path)));

    private static readonly Gen<GroupEntry> Group = Gen.Select(
        GroupName,
        Description,
        Permissions.Array[0, 4],
        Gen.Frequency((3, Gen.Const(Array.Empty<string>())), (1, Permissions.Array[1, 2])),
        Gen.Frequency((4, Gen.Const(false)), (1, Gen.Const(true))),
        Mapping.Array[0, 3],
        (name, description, permissions, denied, isDefault, mappings) =>
            new GroupEntry(name, description, permissions.Except(denied), denied, isDefault, mappings));

    public static readonly Gen<AccessDocument> Document =
        Group.Array[0, 5].Select(groups => new AccessDocument(groups.DistinctBy(group => group.Name, StringComparer.Ordinal)));

    /// <summary>A document as text: two of the same text are the same.</summary>
    public static string Text(this AccessDocument document) => System.Text.Encoding.UTF8.GetString(AccessDocumentWriter.Write(document));
}
