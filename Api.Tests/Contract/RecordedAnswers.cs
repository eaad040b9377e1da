namespace Api.Tests.Contract;

/// <summary>The answers of one walk over all operations, for all tests of a class.</summary>
public sealed class RecordedAnswers
{
    private Task<IReadOnlyList<RecordedAnswer>>? _all;

    internal Task<IReadOnlyList<RecordedAnswer>> GetAsync(Func<Task<IReadOnlyList<RecordedAnswer>>> ask) => _all ??= ask();
}

/// <summary>What an operation was asked, and what it answered.</summary>
internal sealed record RecordedAnswer
{
    public required ApiDescription.Operation Operation { get; init; }

    /// <summary>In words, for the message of a test that fails.</summary>
    public required string Request { get; init; }

    public required Sending Sending { get; init; }

    public required int Status { get; init; }

    public required string? Type { get; init; }

    public required string Body { get; init; }

    /// <summary>What the document does not say of it; null where it says all.</summary>
    public required string? Mistake { get; init; }

    public bool IsSuccess => Status is >= 200 and < 300;

    public override string ToString() => $"{Operation}, {Request}: {Status} {Body}";
}

/// <summary>What is sent.</summary>
internal enum Sending
{
    /// <summary>Chosen for what it is answered.</summary>
    Chosen,

    /// <summary>Made from the document, which allows it.</summary>
    Allowed,

    /// <summary>Made from the document, which does not allow it.</summary>
    Broken,
}
