using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Api.Models.Books;
using Api.Tests.Delivery;
using KeycloakAccess;
using KeycloakRealm;
using Microsoft.Extensions.Logging;
using Seeding;

namespace Api.Tests;

/// <summary>How wide a line and how long a list of parameters may be.</summary>
public sealed class LimitsTests
{
    private const int WidestLine = 140;
    private const int MostParameters = 6;

    private static readonly string[] Folders =
        ["Api", "Api.Tests", "Benchmarks", "Seeding", "keycloak-access", "keycloak-realm", "samples"];

    private static readonly string[] Foreign = ["bin", "obj", "node_modules", "wwwroot"];

    [Fact]
    public void No_line_is_wider_than_140_characters()
    {
        string[] wide = [.. Folders.SelectMany(folder => Sources(Repository.PathOf(folder))).SelectMany(file => File.ReadLines(file)
            .Select((line, index) => (Place: $"{Path.GetRelativePath(Repository.Root, file)}:{index + 1}", line.Length))
            .Where(line => line.Length > WidestLine)
            .Select(line => line.Place))];

        Assert.True(wide.Length == 0, string.Join('\n', wide));
    }

    [Fact]
    public void No_method_and_no_record_takes_more_than_six_parameters()
    {
        Assembly[] assemblies =
        [
            typeof(Book).Assembly, typeof(KeycloakAccessExtensions).Assembly, typeof(EmbeddedRealm).Assembly, typeof(Seeder).Assembly,
        ];
        const BindingFlags declared =
            BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly;
        var methods = assemblies.SelectMany(assembly => assembly.GetTypes())
            .Where(type => !IsGenerated(type) && !type.IsSubclassOf(typeof(Delegate)))
            .SelectMany(type => type.GetMethods(declared).Cast<MethodBase>().Concat(IsRecord(type) ? type.GetConstructors(declared) : []))
            .Where(method => !IsGenerated(method) && !method.IsSpecialName || method.IsConstructor)
            .ToList();

        Assert.True(methods.Count > 2000, $"Only {methods.Count} methods were looked at.");
        string[] wide =
        [
            .. methods.Where(method => method.GetParameters().Length > MostParameters)
                .Select(method => $"{method.DeclaringType!.FullName}.{method.Name}"),
        ];
        Assert.True(wide.Length == 0, string.Join('\n', wide));
    }

    private static IEnumerable<string> Sources(string folder) => Directory.EnumerateFiles(folder, "*.*", SearchOption.AllDirectories)
        .Where(file => Path.GetExtension(file) is ".cs" or ".razor")
        .Where(file => !Path.GetRelativePath(Repository.Root, file).Split(Path.DirectorySeparatorChar).Intersect(Foreign).Any());

    private static bool IsRecord(Type type) => type.GetMethod("<Clone>$") is not null;

    // What a compiler or a source generator wrote: lambdas, state machines, regular expressions, log messages.
    private static bool IsGenerated(MemberInfo member) =>
        member.Name.Contains('<', StringComparison.Ordinal)
        || member.IsDefined(typeof(CompilerGeneratedAttribute), inherit: false)
        || member.IsDefined(typeof(System.CodeDom.Compiler.GeneratedCodeAttribute), inherit: false)
        || member.IsDefined(typeof(LoggerMessageAttribute), inherit: false)
        || (member.DeclaringType is { } outer && IsGenerated(outer))
        || (member as Type)?.Namespace is { } space
            && (space.StartsWith("__Blazor", StringComparison.Ordinal)
                || space.StartsWith(typeof(Regex).Namespace!, StringComparison.Ordinal));
}
